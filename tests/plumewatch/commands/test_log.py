"""``plumewatch log`` tells whether a site's log still is what was signed."""

import subprocess
import sys
from pathlib import Path

from api.settings import Settings
from tests.api.trust.test_checkpoints import grow, site, tampered


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "plumewatch", "log", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_export_and_check(tmp_path: Path) -> None:
    """Exported, held against its own checkpoint: 0; rewritten: 1 and one line that says so; no such folder: 2."""
    data = tmp_path / "data"
    settings = Settings(data_dir=data)
    with site(settings) as (database, provers):
        grow(database, 3)
        provers.checkpoints.make()
        out = run("export", "--data", str(data), "--out", str(tmp_path / "kept"))
        assert (out.returncode, out.stderr) == (0, "")
        assert str(tmp_path / "kept" / "checkpoint.txt") in out.stdout.splitlines()
        good = run("check", "--data", str(data), "--checkpoint", str(tmp_path / "kept" / "checkpoint.txt"))
        assert (good.returncode, good.stdout.startswith("OK: the log of 3 leaves")) == (0, True), good.stderr
        tampered(database, "UPDATE log_leaves SET data = x'00' WHERE \"index\" = 0")
    bad = run("check", "--data", str(data))
    assert (bad.returncode, bad.stderr) == (1, "")
    assert bad.stdout.startswith("FAIL: the first 3 leaves are not those that were signed")
    missing = run("check", "--data", str(tmp_path / "nowhere"))
    assert (missing.returncode, len(missing.stderr.splitlines())) == (2, 1)
