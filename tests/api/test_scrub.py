"""Scrub: rot is found, whatever it did to a file; the command line says so."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from api.scrub import ScrubReport, last_scrub, scrub
from api.store.access import log_accesses
from tests.api.conftest import Posting, RunningApi
from tests.api.contract.sample import LEAD_ID, START


@pytest.fixture
def place(api: RunningApi, enrolled: httpx.Client, make_posting: Callable[..., Posting]) -> Path:
    """The folder of a filed package in the vault."""
    posting = make_posting()
    assert posting.send(enrolled).status_code == 201
    assert posting.lead.evidence is not None
    sums = posting.lead.evidence.sums_sha256
    place = api.settings.data_dir / "vault" / sums[:2] / sums
    place.chmod(0o750)
    return place


def rot(api: RunningApi) -> list[tuple[str, str]]:
    """What a scrub finds, by file."""
    report = scrub(api.state.database, api.state.vault)
    assert report.is_sound == (not report.faults)
    return [(fault.file, fault.fault) for fault in report.faults]


def change(path: Path, data: bytes) -> None:
    """Overwrite a read-only file, as a disk would."""
    path.chmod(0o640)
    path.write_bytes(data)


def test_an_empty_vault_is_sound(api: RunningApi) -> None:
    """Nothing read, nothing wrong; the report is kept."""
    assert rot(api) == []
    with api.state.database.reading() as session:
        kept = last_scrub(session)
    assert kept is not None
    assert (kept.packages, kept.bytes) == (0, 0)


def test_a_sound_package_is_read_to_the_last_byte(api: RunningApi, place: Path) -> None:
    """A scrub of a sound vault reads every file once and finds nothing."""
    report = scrub(api.state.database, api.state.vault)
    files = list(place.iterdir())
    assert report.is_sound
    assert (1, len(files), sum(file.stat().st_size for file in files)) == (report.packages, report.files, report.bytes)


@pytest.mark.parametrize("at", [0, 5000, -1])
def test_a_flipped_bit_is_found(api: RunningApi, place: Path, at: int) -> None:
    """One bit anywhere in a clip is rot, and only that file is named."""
    clip = place / "clip.mp4"
    data = bytearray(clip.read_bytes())
    data[at] ^= 1
    change(clip, bytes(data))
    assert rot(api) == [("clip.mp4", "the file is not the one that was filed")]


def test_missing_extra_and_cut_files_are_found(api: RunningApi, place: Path) -> None:
    """A file that is gone, one that was added, one that was cut, and a list that was rewritten are each told."""
    (place / "overlay.jpg").unlink()
    (place / "extra.txt").write_text("not filed")
    change(place / "clip.mp4", b"")
    assert rot(api) == [
        ("overlay.jpg", "the file is missing"),
        ("extra.txt", "the file is not in SHA256SUMS"),
        ("clip.mp4", "the file is not the one that was filed"),
    ]
    change(place / "SHA256SUMS", (place / "SHA256SUMS").read_bytes().replace(b"clip", b"klip"))
    assert ("SHA256SUMS", "the file is not the one that was filed") in rot(api)


def test_a_missing_package_and_a_stray_one_are_found(api: RunningApi, place: Path) -> None:
    """A package that is gone is rot; one that no lead names is told, but is no rot."""
    stray = place.parent.parent / "ff" / ("ff" * 32)
    shutil.copytree(place, stray)
    report = scrub(api.state.database, api.state.vault)
    assert (report.is_sound, report.strays) == (True, ["ff" * 32])
    shutil.rmtree(place)
    assert rot(api) == [("", "the package is not in the vault")]


def test_rewritten_custody_is_found(api: RunningApi, place: Path) -> None:
    """A scrub also holds the record of accesses against the log."""
    assert place.exists()
    with api.state.database.writing() as session:
        log_accesses(session, START)
        session.execute(text("DROP TRIGGER custody_no_update"))
        session.execute(text("UPDATE custody SET who = 'operator:nobody'"))
    report = scrub(api.state.database, api.state.vault)
    assert (report.is_sound, len(report.custody_faults)) == (False, 1)


def test_the_command_tells_rot(api: RunningApi, place: Path) -> None:
    """``plumewatch vault scrub`` beside the running API: exit 0 and *sound*, then exit 1 and the file's name."""

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "plumewatch", "vault", *options, "--data", str(api.settings.data_dir)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    sound = run("scrub")
    assert (sound.returncode, sound.stderr) == (0, "")
    assert sound.stdout.strip().endswith("sound")
    change(place / "f0001.png", b"rotten")
    rotten = run("scrub")
    assert rotten.returncode == 1
    assert f"ROT {LEAD_ID} f0001.png: the file is not the one that was filed" in rotten.stdout
    as_json = run("scrub", "--json")
    assert [fault.file for fault in ScrubReport.model_validate_json(as_json.stdout).faults] == ["f0001.png"]
    status = run("status")
    assert "1 packages" in status.stdout
    nowhere = subprocess.run(
        [sys.executable, "-m", "plumewatch", "vault", "scrub", "--data", str(api.settings.data_dir / "none")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (nowhere.returncode, nowhere.stdout) == (2, "")
    assert "holds no installation" in nowhere.stderr
