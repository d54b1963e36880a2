"""Cases after a power cut, a full disk or damage."""

import errno
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from api.contract.evidence.manifest import FIRST_PACKAGE
from api.contract.evidence.package import PackageError, read_bytes
from api.contract.trust.stamp import StampError
from api.contract.wire.lead import LeadDocument
from streams.frame import Packet
from tests.vision.evidence.made_cases import Desk, numbers_in, posted
from tests.vision.staged import (
    FPS,
    NOW,
    SITE,
    WITNESS,
    lead_on,
    ring_of,
)
from vision.durable import StorageError
from vision.evidence.cases import RESTARTED, CaseStore
from vision.evidence.clips import RingClips
from vision.evidence.node import NodeIdentity
from vision.evidence.outbox import Outbox
from vision.evidence.package_files import AnalysedFrame, DetectionLog


@pytest.mark.parametrize("fault", [KeyError("odd"), KeyboardInterrupt()])
def test_a_case_that_cannot_be_opened_leaves_nothing(desk: Desk, fault: BaseException) -> None:
    """Whatever goes wrong is raised again, and no half-made folder stays."""

    class Broken(DetectionLog):
        def between(self, *_: object) -> list[AnalysedFrame]:
            raise fault

    lead = lead_on(desk.packets, 8, 11, 10, 11)
    with pytest.raises(type(fault)):
        desk.store.open_case(lead, SITE, WITNESS, RingClips(ring_of(desk.packets, 11)), Broken(90.0))
    assert desk.case_folders() == []


def test_kill_9_after_confirmation_loses_only_the_post_roll(
    clip_path: Path, tmp_path: Path, packets: list[Packet]
) -> None:
    """A worker killed right after opening a case: the next start seals and queues it, and says what is missing."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tests.vision.staged", str(clip_path), str(folder)],
        cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == -9, done.stderr
    node = NodeIdentity.open(folder / "node", "worker-01", NOW)
    desk = Desk(folder, node, packets)
    [document] = desk.store.recover()
    package, manifest = posted(desk, document)
    (tmp_path / "clip.mp4").write_bytes(read_bytes(package, "clip.mp4", 1 << 24))
    package.close()
    node.close()
    shown = numbers_in(tmp_path / "clip.mp4")
    assert shown[0] == 3 * FPS
    assert shown[-1] >= 11 * FPS - 2
    assert [(gap.reason, gap.end_s) for gap in manifest.gaps] == [(RESTARTED, 16.0)]
    assert desk.case_folders() == []
    assert desk.store.recover() == []


class FullOutbox(Outbox):
    """An outbox whose disk is full."""

    def put(self, package: Path, lead: LeadDocument) -> None:
        """Refuse."""
        raise StorageError(f"{package} of {lead.lead_id} could not be stored: No space left on device")


def leave_half_case(desk: Desk, lead_id: str) -> None:
    (desk.folder / "cases" / lead_id).rename(desk.folder / "cases" / f"{lead_id}.partial")


def leave_half_package(desk: Desk, lead_id: str) -> None:
    place = desk.folder / "cases" / lead_id
    shutil.copytree(place / "exhibits", place / f"{lead_id}.partial")
    (place / f"{lead_id}.partial" / "manifest.json").write_bytes(b"{")
    (place / "lead.json").write_bytes(b'{"half')


@pytest.mark.parametrize(("cut", "recovered"), [(leave_half_case, 0), (leave_half_package, 1)])
def test_what_is_half_written_is_made_anew_or_removed(
    desk: Desk, cut: Callable[[Desk, str], None], recovered: int
) -> None:
    """A case that was not yet opened is gone (it was not announced either); a half-made package is made again."""
    cut(desk, desk.open().lead_id)
    again = Desk(desk.folder, desk.node, desk.packets)
    documents = again.store.recover()
    assert len(documents) == recovered
    for document in documents:
        posted(again, document)[0].close()
    assert again.case_folders() == []


def test_a_sealed_package_is_delivered_as_it_is(desk: Desk) -> None:
    """Cut (or full disk) between sealing and queueing: recovery queues the same bytes and forks no chain."""
    full = Desk(desk.folder, desk.node, desk.packets, FullOutbox(desk.folder / "outbox"))
    case = full.open()
    with pytest.raises(StorageError):
        full.finish(case)
    sealed = full.folder / "cases" / case.lead_id / case.lead_id
    sums = (sealed / "SHA256SUMS").read_bytes()
    again = Desk(desk.folder, desk.node, desk.packets)
    [document] = again.store.recover()
    package, manifest = posted(again, document)
    assert read_bytes(package, "SHA256SUMS", 1 << 20) == sums
    assert manifest.gaps == []
    package.close()
    following = again.finish(again.open())
    assert document.evidence is not None
    assert posted(again, following)[1].prev_package_sha256 == document.evidence.sums_sha256


def test_recovery_touches_no_case_of_this_run(desk: Desk) -> None:
    """A recovery that had to be repeated (a full disk) does not seal what is still being received."""
    left = desk.open()
    full = Desk(desk.folder, desk.node, desk.packets, FullOutbox(desk.folder / "outbox"))
    with pytest.raises(StorageError, match="No space left"):
        full.store.recover()
    again = Desk(desk.folder, desk.node, desk.packets)
    case = again.open()
    assert [document.lead_id for document in again.store.recover()] == [left.lead_id]
    assert again.store.recover() == []
    assert again.case_folders() == [case.lead_id]
    posted(again, again.finish(case))[0].close()


def test_a_case_can_be_finished_again_after_a_full_disk(desk: Desk) -> None:
    """The chain holds although a later package of the camera was delivered before the earlier one."""
    full = Desk(desk.folder, desk.node, desk.packets, FullOutbox(desk.folder / "outbox"))
    case = full.open()
    with pytest.raises(StorageError, match="No space left"):
        full.finish(case)
    second = desk.finish(desk.open())
    first = desk.finish(case)
    third = desk.finish(desk.open())
    sums = [document.evidence.sums_sha256 for document in (first, second) if document.evidence]
    previous = [posted(desk, document)[1].prev_package_sha256 for document in (first, second, third)]
    assert previous == [FIRST_PACKAGE, *sums]


def test_a_cut_between_queueing_and_forgetting_queues_nothing_twice(desk: Desk) -> None:
    """The case is still there although its package is in the outbox: recovery only forgets it."""
    case = desk.open()
    place = desk.folder / "cases" / case.lead_id
    saved = desk.folder / "saved"
    full = Desk(desk.folder, desk.node, desk.packets, FullOutbox(desk.folder / "outbox"))
    with pytest.raises(StorageError):
        full.finish(case)
    shutil.copytree(place, saved)
    desk.finish(case)
    saved.rename(place)
    again = Desk(desk.folder, desk.node, desk.packets)
    [document] = again.store.recover()
    assert [entry.lead_id for entry in again.outbox.entries()] == [document.lead_id]
    assert again.case_folders() == []


@pytest.mark.parametrize("damage", ["case.json", "clip.mp4", "empty"])
def test_a_damaged_case_is_put_aside_and_the_others_recovered(desk: Desk, damage: str) -> None:
    """What the disk has spoilt stops nobody else and is kept for a person to look at."""
    spoilt, whole = desk.open(), desk.open()
    place = desk.folder / "cases" / spoilt.lead_id
    if damage == "case.json":
        (place / "case.json").write_bytes(b"")
    elif damage == "clip.mp4":
        (place / "exhibits" / "clip.mp4").unlink()
    else:
        shutil.rmtree(place)
        place.mkdir()
    again = Desk(desk.folder, desk.node, desk.packets)
    assert [document.lead_id for document in again.store.recover()] == [whole.lead_id]
    assert [path.name for path in (desk.folder / "damaged").iterdir()] == [spoilt.lead_id]


class ShyNode:
    """A node whose signature fails as often as it has faults left."""

    def __init__(self, node: NodeIdentity, *faults: Exception) -> None:
        self._node = node
        self._faults = list(faults)
        self.certificate_pem = node.certificate_pem

    def sign(self, data: bytes) -> bytes:
        """Raise the next fault; sign where none is left."""
        if self._faults:
            raise self._faults.pop(0)
        return self._node.sign(data)


@pytest.mark.parametrize(
    "fault",
    [
        StampError("openssl dgst does not do SM2 on this machine"),
        PackageError("clip.mp4 has 600000000 bytes, more than the 536870912 allowed"),
        OSError(errno.EAGAIN, "Resource temporarily unavailable"),
        RuntimeError("odd"),
    ],
)
def test_a_sound_case_that_cannot_be_sealed_now_is_recovered_later(desk: Desk, fault: Exception) -> None:
    """Whatever fails but reading says nothing of the case: it stays where it is, the others are recovered meanwhile."""
    first, second = desk.open(), desk.open()
    node = ShyNode(desk.node, fault)
    store = CaseStore(desk.folder, node, desk.outbox, now=lambda: NOW)  # type: ignore[arg-type]
    with pytest.raises(StorageError):
        store.recover()
    assert [entry.lead_id for entry in desk.outbox.entries()] == [second.lead_id]
    assert list((desk.folder / "damaged").iterdir()) == []
    [document] = store.recover()
    assert document.lead_id == first.lead_id
    posted(desk, document)[0].close()


def test_a_machine_without_a_free_file_damages_no_case(desk: Desk) -> None:
    """A case that cannot be opened because too many files are open is read once there are some again."""
    case = desk.open()
    again = Desk(desk.folder, desk.node, desk.packets)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(StorageError, match="Too many open files"):
            again.store.recover()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert again.case_folders() == [case.lead_id]
    [document] = again.store.recover()
    posted(again, document)[0].close()


def test_a_full_disk_at_confirmation_leaves_nothing_half_written(desk: Desk) -> None:
    """Opening raises, leaves no case, and works once there is space; no number is lost over it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(StorageError, match="File too large"):
            desk.open()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert desk.case_folders() == []
    assert desk.open().lead_id.endswith("001")
    assert desk.open().lead_id.endswith("002")
