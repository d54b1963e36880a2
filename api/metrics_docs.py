"""Metrics as a page: ``python -m api.metrics_docs docs/metrics.md``; a test holds the page to the code."""

import sys
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import Counter, Gauge, Histogram

from api.fleet.reports import BATCH_SECONDS, CAMERA, CAMERAS_MOST, FORGOTTEN_S, MEMBER, WORKER, WORKERS_MOST
from api.metrics import (
    LEADS,
    NOTIFICATIONS_DEAD,
    NOTIFICATIONS_OLDEST,
    NOTIFICATIONS_WAITING,
    SCRUB_FAULTS,
    SCRUB_STARTED,
    STAMPS_OLDEST,
    STAMPS_WAITING,
    Metrics,
)
from api.store.evidence.stamps import StampQueue

_HEAD = f"""# Metrics

*Made by `python -m api.metrics_docs docs/metrics.md` from the code; do not edit.*

The API shows all metrics at `/metrics` in Prometheus' text form. Workers do not listen: each reports itself and its
cameras to the bus once a second, and the API shows the newest report. A camera or worker that has not been reported for
{FORGOTTEN_S:g} s is gone from the page. The number of series is bounded: at most {CAMERAS_MOST} cameras and
{WORKERS_MOST} workers, and labels that take only words of the code. Counters of a worker begin anew when it does.

The page names every camera, so it is not for everybody who reaches the wall: a Prometheus on the same machine reads it
at `127.0.0.1`, past the proxy, without more. One elsewhere needs a worker's key (`plumewatch worker-key prometheus`),
which also lets its owner read leads and enrol a node: keep the file to Prometheus alone.

```yaml
scrape_configs:
  - job_name: plumewatch
    scheme: https
    static_configs: [{{targets: ["centre.example"]}}]
    authorization: {{credentials_file: /etc/prometheus/plumewatch.key}}
```
"""

Row = tuple[str, str, Iterable[str], str]


def render() -> str:
    """Return the page."""
    metrics = Metrics(dict, lambda: StampQueue(0, None, ""), lambda: None)
    own = [part for part in vars(metrics).values() if isinstance(part, Counter | Gauge | Histogram)]
    api: list[Row] = [
        (
            metric._name + ("_total" if isinstance(metric, Counter) else ""),  # noqa: SLF001  (no public way)
            type(metric).__name__.lower(),
            metric._labelnames,  # noqa: SLF001
            metric._documentation,  # noqa: SLF001
        )
        for metric in own
    ]
    api.append((LEADS[0], "gauge", ["state"], LEADS[1]))
    api += [(name, "gauge", [], says) for name, says in (STAMPS_WAITING, STAMPS_OLDEST, SCRUB_FAULTS, SCRUB_STARTED)]
    queue = (NOTIFICATIONS_WAITING, NOTIFICATIONS_DEAD, NOTIFICATIONS_OLDEST)
    api += [(name, "gauge", [], says) for name, says in queue]
    cameras: list[Row] = [
        (f"plumewatch_camera_{figure.name}", figure.kind, ("camera", "worker", *figure.labels), figure.says)
        for figure in CAMERA
    ]
    workers: list[Row] = [
        (f"plumewatch_worker_{figure.name}", figure.kind, ("worker", *figure.labels), figure.says) for figure in WORKER
    ]
    workers += [
        (f"plumewatch_worker_{figure.name}", figure.kind, ("worker", *figure.labels), figure.says) for figure in MEMBER
    ]
    workers.append((BATCH_SECONDS[0], "histogram", ("worker",), BATCH_SECONDS[1]))
    return "\n".join([_HEAD, *_table("Each camera", cameras), *_table("Each worker", workers), *_table("The API", api)])


def _table(title: str, rows: Iterable[Row]) -> Iterable[str]:
    yield f"## {title}\n"
    yield "| metric | kind | labels | says |\n|---|---|---|---|"
    for name, kind, labels, says in rows:
        yield f"| `{name}` | {kind} | {', '.join(f'`{label}`' for label in labels)} | {says} |"
    yield ""


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render(), encoding="utf-8")
