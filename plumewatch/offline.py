"""Commands that need no running site: replay, verify, probe and the model registry."""

import json
from pathlib import Path

from plumewatch.reports import verification_text


def verify_one(package: Path, roots: Path | None, *, as_json: bool) -> tuple[str, bool]:
    """Return the report of one package and whether everything holds."""
    from api.contract.verification import verify_package  # noqa: PLC0415

    report = verify_package(package, roots.read_bytes() if roots is not None else None)
    text = json.dumps(report.as_dict(), ensure_ascii=False, indent=2) if as_json else verification_text(report)
    return text, report.ok
