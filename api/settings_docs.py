"""The API's settings as a page: ``python -m api.settings_docs docs/settings.md``; a test holds the page to the code."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from api.settings import Settings

_HEAD = """# Settings of the API

*Made by `python -m api.settings_docs docs/settings.md` from the code; do not edit.*

Environment variables of the API process. All have defaults. A variable that is not on this page is not read, so check
its spelling; a wrong value stops the start with one sentence. `plumewatch api` has options for the first six too, and
an option wins. `plumewatch up` has options for folder, bus and port, and passes all variables but the port's to its
API. The commands that open the same store (`plumewatch operator`, `worker-key`, `vault`, `log`) read these
variables too. A worker is set up by [its configuration](configuration.md) and by `PLUMEWATCH_API_URL`,
`PLUMEWATCH_WORKER_KEY_FILE` (or the key itself in `PLUMEWATCH_WORKER_KEY`), `PLUMEWATCH_REDIS_URL` and
`PLUMEWATCH_DATA_DIR`.

Addresses may hold a password: set them in a file that only the service's user can read (systemd: `EnvironmentFile=`),
not on a command line. Numbers carry their unit in the name: `_S` seconds, `_DAYS` days, `_BYTES` bytes.
"""

_PROXY = """
## Behind a TLS proxy

The API speaks plain HTTP, so it listens on the loopback alone, and a proxy on the same machine gives it TLS. Nothing
needs to be set for that where the proxy passes on the name that was called (`Host`), WebSockets, and
`X-Forwarded-Proto`: the session's cookie is then `Secure`, and foreign pages are recognised. With Caddy, which gets the
certificate by itself, the whole configuration is

```
centre.example {
    reverse_proxy 127.0.0.1:8080
}
```

and with nginx

```
server {
    listen 443 ssl;
    server_name centre.example;
    ssl_certificate     /etc/ssl/centre.example.pem;
    ssl_certificate_key /etc/ssl/centre.example.key;
    client_max_body_size 1030m;          # a little more than PLUMEWATCH_MAX_UPLOAD_BYTES
    location / {
        proxy_pass http://127.0.0.1:8080;
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        proxy_request_buffering off;     # packages go straight on
        proxy_read_timeout 10m;          # checking a large package takes its time
    }
}
```

Failed logins count by name and address together. An address that fails ten times as often over any names waits half a
minute at most, and an operator who has logged in from it before does not wait for others.

`X-Forwarded-For` gives the login limit and the access records the caller's address; it is accepted from a proxy on the
same machine. For one elsewhere set `FORWARDED_ALLOW_IPS` (uvicorn's variable) to its address, and `PLUMEWATCH_HOST` to
the address at which it reaches the API, on a private network: between the two, passwords are sent in clear.
`plumewatch up` speaks to its API at 127.0.0.1; where another address is needed, run `plumewatch api` and
`plumewatch worker`.

`/metrics` and `/readyz` show the site's inner state. They are open to programs that call the API from the same machine
without the proxy; calls through it, recognised by `X-Forwarded-For` or `X-Forwarded-Proto`, need a session or a
worker's key ([metrics.md](metrics.md)). For a load balancer's probe `/healthz` is open to all.
"""

SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Places", ("data_dir", "database_url", "redis_url", "vault_url", "host", "port", "authority_dir")),
    ("Access", ("public_url", "allowed_origins", "session_lifetime_s", "login_attempts", "login_window_s")),
    ("Sizes", ("max_upload_bytes", "max_body_bytes", "attachment_max_bytes")),
    (
        "Evidence and retention",
        (
            "retention_case_days",
            "retention_rejected_days",
            "retention_deletes",
            "vault_capacity_bytes",
            "vault_warn_days",
            "vault_warn_share",
        ),
    ),
    (
        "Time-stamps and the log",
        (
            "tsa_url",
            "tsa_roots",
            "tsa_policies",
            "tsa_timeout_s",
            "checkpoint_interval_s",
            "access_log_period_s",
        ),
    ),
    ("Review and reports", ("review_answers", "site_name", "report_font")),
    ("Notification", ("site_timezone", "notification_timeout_s", "notification_days")),
    ("Dry runs of zones", ("dry_run_max_bytes", "dry_run_max_s", "dry_run_timeout_s")),
    ("Covered copies of clips", ("redaction_max_s", "redaction_max_bytes", "redaction_timeout_s")),
)
"""Groups of settings in the page's order; each setting is in one."""


def render() -> str:
    """Return the page."""
    fields = Settings.model_fields
    parts = [_HEAD]
    for title, names in SECTIONS:
        parts.append(f"\n## {title}\n\n| variable | kind | default | meaning |\n|---|---|---|---|\n")
        parts += [_row(name, fields[name]) for name in names]
    return "".join([*parts, _PROXY])


def _row(name: str, info: FieldInfo) -> str:
    meaning = (info.description or "").replace("|", "\\|")
    return f"| `PLUMEWATCH_{name.upper()}` | {_kind(info)} | {_default(info)} | {meaning} |\n"


def _kind(info: FieldInfo) -> str:
    """Return the kind of value in words, with its limits."""
    return ", ".join([_type_in_words(info.annotation), *_limits(info)])


def _limits(info: FieldInfo) -> Iterator[str]:
    for limit in info.metadata:
        for attribute, sign in (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤")):
            if (bound := getattr(limit, attribute, None)) is not None:
                yield f"{sign} {bound}"
        if (longest := getattr(limit, "max_length", None)) is not None:
            yield f"at most {longest} characters"


def _type_in_words(annotation: object) -> str:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{part}`" for part in parts)
    if origin is UnionType:
        return _type_in_words(next(part for part in parts if part is not type(None)))
    if origin is list:
        return "JSON list of texts"
    words: dict[object, str] = {
        str: "text",
        SecretStr: "text, may hold a password",
        Path: "path",
        int: "whole number",
        float: "number",
        bool: "`true` or `false`",
    }
    return words[annotation]


def _default(info: FieldInfo) -> str:
    default = info.get_default(call_default_factory=True)
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if default is None or default == "":
        return "empty"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render(), encoding="utf-8")
