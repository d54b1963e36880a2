"""Scrub: rot is found, whatever it did to a file; the command line says so."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import cast

import httpx
import pytest
from sqlalchemy import text

from api.clock import utc_now
from api.contract.trust.stamp import fingerprint
from api.contract.wire.moment import rfc3339
from api.evidence.retention import prune
from api.evidence.scrub import ScrubReport, last_scrub, scrub
from api.evidence.vault import Shelf, Vault
from api.store.evidence.access import log_accesses
from tests.api.conftest import NODE, Posting, RunningApi
from tests.api.contract.sample import LEAD_ID, START, TestSigner


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


class Meanwhile:
    """The real vault; something happens before the first package is read, and something before all are listed."""

    def __init__(self, vault: Vault, reading: Callable[[], object], listing: Callable[[], object]) -> None:
        self._vault = vault
        self._reading: Callable[[], object] | None = reading
        self._listing = listing

    def sizes(self, sums_sha256: str) -> dict[str, int]:
        """Let it happen, then look."""
        act, self._reading = self._reading, None
        if act is not None:
            act()
        return self._vault.sizes(sums_sha256)

    def read(self, sums_sha256: str, name: str, start: int, length: int) -> Iterator[bytes]:
        """Read."""
        return self._vault.read(sums_sha256, name, start, length)

    @property
    def attachments(self) -> Shelf:
        """The shelf."""
        return self._vault.attachments

    def packages(self) -> Iterator[str]:
        """Let it happen, then list."""
        self._listing()
        return self._vault.packages()


def test_what_comes_and_goes_during_a_scrub_is_no_fault(
    api: RunningApi, place: Path, enrolled: httpx.Client, make_posting: Callable[..., Posting]
) -> None:
    """A package that retention deletes meanwhile is no rot, and one that is filed meanwhile is no stray."""
    assert place.is_dir()

    def delete() -> None:
        later = utc_now() + timedelta(days=10_000)
        assert prune(api.state.database, api.state.vault, api.settings, later) == 1

    def file() -> None:
        assert make_posting("L20261123-001008").send(enrolled).status_code == 201

    vault = cast("Vault", Meanwhile(api.state.vault, delete, file))
    report = scrub(api.state.database, vault)
    assert (report.faults, report.strays) == ([], [])


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


def told(operator: httpx.Client) -> tuple[str, dict[str, float]]:
    """What ``/readyz`` warns of, and what ``/metrics`` tells of the newest scrub."""
    ready = operator.get("/readyz")
    assert ready.status_code == 200, ready.text
    lines = operator.get("/metrics").text.splitlines()
    values = dict(line.split() for line in lines if line.startswith("plumewatch_scrub_"))
    return ready.json()["warnings"].get("scrub", ""), {name: float(value) for name, value in values.items()}


def gauges(report: ScrubReport, faults: int) -> dict[str, float]:
    """What the metrics are to tell of a scrub; the store keeps milliseconds."""
    started = int(report.started.timestamp() * 1000) / 1000
    return {"plumewatch_scrub_faults": faults, "plumewatch_scrub_started_timestamp_seconds": started}


def test_what_the_newest_scrub_found_reaches_monitoring(api: RunningApi, operator: httpx.Client, place: Path) -> None:
    """Nothing before the first; a sound one has its time and no warning; one with faults warns too."""
    assert told(operator) == ("", {})
    sound = scrub(api.state.database, api.state.vault)
    assert told(operator) == ("", gauges(sound, 0))
    clip = (place / "clip.mp4").read_bytes()
    change(place / "clip.mp4", b"rotten")
    change(place / "f0001.png", b"rotten")
    rotten = scrub(api.state.database, api.state.vault)
    warning = f"the scrub of {rfc3339(rotten.started)} found 2 faults: see last_scrub of GET /v1/vault"
    assert told(operator) == (warning, gauges(rotten, 2))
    change(place / "clip.mp4", clip)
    scrub(api.state.database, api.state.vault)
    assert "found 1 fault:" in told(operator)[0]


def run(api: RunningApi, *options: str) -> subprocess.CompletedProcess[str]:
    """``plumewatch vault`` beside the running API."""
    command = [sys.executable, "-m", "plumewatch", "vault", *options, "--data", str(api.settings.data_dir)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)


def test_forged_custody_and_a_forged_decision_are_told(api: RunningApi, operator: httpx.Client, place: Path) -> None:
    """A scrub also holds custody and records against the log; command, exit code and the API tell lead and entry."""
    assert place.exists()
    answers = {"true": True, "clear": False, "complete": True, "accurate": True}
    reviewed = operator.post(
        f"/v1/leads/{LEAD_ID}/transitions",
        json={"to": "VERIFIED", "reason": "烟羽清楚", "review": answers},
        headers={"If-Match": '"1"'},
    )
    assert reviewed.status_code == 200, reviewed.text
    with api.state.database.writing() as session:
        log_accesses(session, START)
    assert scrub(api.state.database, api.state.vault).is_sound
    with api.state.database.writing() as session:
        for table in ("custody", "transitions"):
            session.execute(text(f"DROP TRIGGER {table}_no_update"))
        session.execute(text("UPDATE custody SET who = 'operator:nobody'"))
        forged = "UPDATE transitions SET record = replace(record, :no, :yes)"
        session.execute(text(forged), {"no": '"clear":false', "yes": '"clear":true'})
    found = run(api, "scrub")
    assert (found.returncode, found.stderr) == (1, "")
    custody, record, total = found.stdout.splitlines()
    assert custody.startswith("CUSTODY custody entries 1 to ")
    assert custody.endswith(f": changed, among those of {LEAD_ID}")
    assert record.startswith(f"RECORD transition 2 of lead {LEAD_ID} to VERIFIED by admin is not the log's leaf ")
    assert record.endswith(": changed is review")
    assert total.endswith(": 2 faults")
    kept = operator.get("/v1/vault").json()["last_scrub"]
    assert (len(kept["custody_faults"]), len(kept["record_faults"])) == (1, 1)
    assert "found 2 faults: " in told(operator)[0]


def test_a_revoked_certificate_that_counts_again_is_told(
    api: RunningApi,
    enrolled: httpx.Client,
    operator: httpx.Client,
    make_posting: Callable[..., Posting],
    signer: TestSigner,
) -> None:
    """Who clears a revocation in the table gets packages of the stolen key filed; a scrub names the certificate."""
    name = fingerprint(signer.certificate)
    body = {"certificate_sha256": name, "reason": "密钥泄露", "since": rfc3339(START)}
    assert operator.post("/v1/trust/revocations", json=body).status_code == 204
    assert make_posting().send(enrolled).status_code == 422
    sound = run(api, "scrub")
    assert (sound.returncode, sound.stdout.strip().endswith("sound")) == (0, True)
    with api.state.database.writing() as session:
        session.execute(text("UPDATE certificates SET revoked = NULL, reason = ''"))
    assert make_posting().send(enrolled).status_code == 201
    found = run(api, "scrub")
    assert (found.returncode, found.stderr) == (1, "")
    assert found.stdout.splitlines()[0] == (
        f"RECORD the certificate {name} of node {NODE} was revoked since {rfc3339(START)} (the log's leaf 1); "
        "it is not marked so"
    )
    assert "found 1 fault: " in told(operator)[0]


def test_the_command_tells_rot(api: RunningApi, place: Path) -> None:
    """``plumewatch vault scrub`` beside the running API: exit 0 and *sound*, then exit 1 and the file's name."""
    sound = run(api, "scrub")
    assert (sound.returncode, sound.stderr) == (0, "")
    assert sound.stdout.strip().endswith("sound")
    change(place / "f0001.png", b"rotten")
    rotten = run(api, "scrub")
    assert rotten.returncode == 1
    assert f"ROT {LEAD_ID} f0001.png: the file is not the one that was filed" in rotten.stdout
    as_json = run(api, "scrub", "--json")
    assert [fault.file for fault in ScrubReport.model_validate_json(as_json.stdout).faults] == ["f0001.png"]
    status = run(api, "status")
    assert "1 packages" in status.stdout
    nowhere = subprocess.run(
        [sys.executable, "-m", "plumewatch", "vault", "scrub", "--data", str(api.settings.data_dir / "none")],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert (nowhere.returncode, nowhere.stdout) == (2, "")
    assert "holds no installation" in nowhere.stderr
