"""``plumewatch operator``: who may log in, from the command line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


def run(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``plumewatch operator`` over a data folder."""
    command = [sys.executable, "-m", "plumewatch", "operator", *arguments, "--data", str(data)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.e2e
def test_an_operator_comes_and_goes(tmp_path: Path) -> None:
    """Added, listed, shut out, refused a new password, let in again; each wrong question is one sentence, exit 2."""
    data = tmp_path / "data"
    assert (run(data, "list").stdout, run(data, "list", "--json").stdout) == ("", "[]\n")
    first = run(data, "add", "li", "--admin").stdout.strip()
    assert len(first) == len("xxxx-xxxx-xxxx-xxxx")
    (account,) = json.loads(run(data, "list", "--json").stdout)
    created = account.pop("created")
    expected = {"username": "li", "role": "admin", "disabled": None, "password_change_required": True, "sessions": 0}
    assert account == expected
    assert created in run(data, "list").stdout
    gone = run(data, "disable", "li")
    assert (gone.returncode, gone.stdout) == (0, "li can no longer log in; 0 sessions ended\n")
    assert "disabled since" in run(data, "list").stdout
    for wrong, sentence in (
        (("disable", "li"), "operator li was disabled at"),
        (("reset", "li"), "enable him first"),
        (("disable", "wang"), "there is no operator wang"),
    ):
        refused = run(data, *wrong)
        assert (refused.returncode, refused.stdout, len(refused.stderr.splitlines())) == (2, "", 1)
        assert sentence in refused.stderr
    again = run(data, "enable", "li").stdout.strip()
    assert again not in {"", first}
    assert "has a one-time password" in run(data, "list").stdout
