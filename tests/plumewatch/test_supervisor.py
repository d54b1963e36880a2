"""The supervisor: what it finds in its folder or at its terminal ends no site."""

import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from plumewatch.supervisor import Site, SiteOptions


def test_a_terminal_that_takes_no_line_ends_no_site() -> None:
    """Where standard output is a file on a full disk the lines are left out; the leads are on the wall."""
    program = """
from plumewatch.logs import configure
from plumewatch.supervisor import _tell
configure()
_tell("lead filed")
_tell("another")
"""
    with open("/dev/full", "w") as full:  # noqa: PTH123 (a device)
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, check=False
        )
    assert "line not printed" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("folder", "is_told"), [("2", False), ("3", True), ("2.old", True)])
def test_leads_in_the_folders_of_workers_that_are_not_started_are_told(
    folder: str, tmp_path: Path, *, is_told: bool
) -> None:
    """A copy that a person made of a worker's folder is named too, and keeps no site from starting."""
    (tmp_path / "workers" / folder / "outbox" / "ready" / "L20261128-001001").mkdir(parents=True)
    options = SiteOptions(config=None, sources=(), port=None, data=tmp_path, demo=False, workers=2)
    with capture_logs() as told:
        Site(options)._tell_idle_folders()
    assert [line["workers"] for line in told] == ([[folder]] if is_told else [])
