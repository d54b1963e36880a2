"""``plumewatch c2pa``: copies with content credentials, and what the credentials of a file say."""

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from plumewatch.commands.options import AsJson
from plumewatch.failures import UsageError
from plumewatch.logs import configure

c2pa_app = typer.Typer(help="Copies of evidence with a C2PA manifest (extra c2pa).", no_args_is_help=True)

Roots = Annotated[Path | None, typer.Option("--roots", help="PEM certificates to trust, e.g. the site's root.")]


@c2pa_app.command("write")
def write(
    package: Annotated[Path, typer.Argument(help="An evidence package: folder or tar.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The copy to write; an existing file is refused.")],
    file: Annotated[str, typer.Option("--file", "-f", help="Clip or picture of the package.")] = "clip.mp4",
    keys: Annotated[
        Path,
        typer.Option(
            "--keys", help="Folder of the site's keys; the API's, mode 0700.", envvar="PLUMEWATCH_AUTHORITY_DIR"
        ),
    ] = Path("plumewatch-data/authority"),
) -> None:
    """Write a copy of a package's clip or picture with a C2PA manifest, signed under the site's root."""
    from api.contract.evidence.package import (  # noqa: PLC0415
        SMALL,
        SUMS,
        read_bytes,
    )
    from api.contract.evidence.tarball import open_package  # noqa: PLC0415
    from api.contract.evidence.verification import verify_package  # noqa: PLC0415
    from api.contract.trust.stamp import sha256_hex  # noqa: PLC0415
    from api.trust.credentials import Statement, media_type_of, write_credentials  # noqa: PLC0415
    from api.trust.keys import ROOT, open_credentials_key, open_site_keys  # noqa: PLC0415
    from streams.timing.clock import utc_now  # noqa: PLC0415

    configure(quiet=True)
    media_type_of(file)
    if out.exists():
        raise UsageError(f"{out}: there is a file already")
    if not (keys / f"{ROOT}.pem").exists():
        raise UsageError(f"{keys}: no site keys; the API makes them at its first start")
    opened = open_package(package)
    try:
        report = verify_package(opened)
        if not report.ok or report.manifest is None:
            raise UsageError(f"{package} does not verify: run plumewatch verify {package}")
        entry = next((each for each in report.manifest.files if each.name == file), None)
        if entry is None:
            raise UsageError(f"{package} holds no {file}")
        now = utc_now()
        site = open_site_keys(keys, "", now)
        statement = Statement(report.manifest, sha256_hex(read_bytes(opened, SUMS, SMALL)), file, entry.sha256)
        with tempfile.TemporaryDirectory(prefix="c2pa-") as name:
            original = Path(name) / file
            with opened.open(file) as source:
                original.write_bytes(source.read())
            write_credentials(
                original, out, original, statement, open_credentials_key(keys, "", site.root, now), site.root
            )
    finally:
        opened.close()
    print(f"{out}: a copy of {file} of lead {report.manifest.lead_id} with a C2PA manifest")


@c2pa_app.command("read")
def read(
    file: Annotated[Path, typer.Argument(help="A clip or picture.")],
    roots: Roots = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Say what the C2PA manifest of a file states; exit 1 where something was changed since it was signed."""
    from dataclasses import asdict  # noqa: PLC0415

    from api.trust.credentials import read_credentials  # noqa: PLC0415

    configure(quiet=True)
    found = read_credentials(file, None if roots is None else roots.read_bytes())
    if as_json:
        print(json.dumps(asdict(found) | {"holds": found.holds}, ensure_ascii=False, indent=2))
    else:
        print(f"{found.state.lower()}, signed by {found.issuer or 'nobody known'}")
        for code in found.failures:
            print(f"does not hold: {code}")
        for name, value in found.statement.items():
            print(f"{name:21} {value}")
    raise typer.Exit(0 if found.holds else 1)
