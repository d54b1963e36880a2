"""The outbox keeps leads whole through cuts at any point; the sender delivers each exactly when the API confirms it."""

import os
import resource
import shutil
from pathlib import Path

import pytest

from api.contract.client import ApiClient
from api.contract.wire.lead import LeadDocument
from tests.vision.evidence.made_outbox import (
    IDS,
    Hand,
    ScriptedApi,
    api,
    client,
    clock,
    outbox,
    packages,
    put,
    sender_of,
    status,
)
from tests.vision.made_leads import lead_document
from vision.durable import StorageError
from vision.evidence.outbox import Outbox

__all__ = ["api", "client", "clock", "outbox", "packages"]


def test_putting_twice_is_putting_once(outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]]) -> None:
    """After a cut the worker puts again what it does not know to be there; another package for the lead is refused."""
    outbox.put(*packages[IDS[0]])
    outbox.put(*packages[IDS[0]])
    assert [entry.lead_id for entry in outbox.entries()] == [IDS[0]]
    with pytest.raises(StorageError, match="already holds another package"):
        outbox.put(packages[IDS[0]][0], lead_document(IDS[0], "ee" * 32))


@pytest.mark.parametrize("left", ["nothing", "lead", "half a package", "whole"])
def test_a_cut_while_putting_leaves_no_half_entry(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], tmp_path: Path, left: str
) -> None:
    """Whatever stands under the half-written name is never sent and is gone after the restart; putting works again."""
    outbox.put(*packages[IDS[0]])
    ready = tmp_path / "outbox" / "ready"
    partial = ready / f"{IDS[1]}.partial"
    shutil.copytree(ready / IDS[0], partial)
    if left in {"nothing", "lead"}:
        (partial / "package.tar").unlink()
    if left == "nothing":
        (partial / "lead.json").unlink()
    if left == "half a package":
        os.truncate(partial / "package.tar", 3000)
    assert [entry.lead_id for entry in outbox.entries()] == [IDS[0]]
    again = Outbox(tmp_path / "outbox")
    assert not partial.exists()
    again.put(*packages[IDS[1]])
    assert {entry.lead_id for entry in again.entries()} == {IDS[0], IDS[1]}


def test_a_cut_after_the_confirmation_posts_again_with_the_same_key(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], api: ScriptedApi, client: ApiClient, clock: Hand,
    tmp_path: Path,
) -> None:  # fmt: skip
    """The entry was not deleted yet: it is posted once more, byte for byte the same, and makes no second lead."""
    put(outbox, packages, IDS[0])
    shutil.copytree(tmp_path / "outbox", tmp_path / "after the cut")
    for folder in ("outbox", "after the cut"):
        sender = sender_of(Outbox(tmp_path / folder), client, clock)
        assert [sender.step(), sender.step()] == [0.0, None]
    first, second = api.posted
    assert first[:3] == second[:3]

    def content(body: bytes) -> bytes:
        return body.replace(body.split(b"\r\n", 1)[0][2:], b"boundary")

    assert content(first[3]) == content(second[3])


@pytest.mark.parametrize("name", ["removed.partial", "ready"])
def test_a_cut_while_deleting_leaves_rubbish_that_is_removed(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], tmp_path: Path, name: str
) -> None:
    """Deleting renames first: after a cut the entry is whole, or rubbish that the next start removes."""
    put(outbox, packages, IDS[0])
    ready = tmp_path / "outbox" / "ready"
    if name == "removed.partial":
        (ready / IDS[0]).rename(ready / f"{IDS[0]}.{name}")
        (ready / f"{IDS[0]}.{name}" / "lead.json").unlink()
    again = Outbox(tmp_path / "outbox")
    assert [entry.lead_id for entry in again.entries()] == ([] if name == "removed.partial" else [IDS[0]])
    assert len(list(ready.iterdir())) == len(again.entries())


def test_a_cut_while_parking_posts_once_more(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], api: ScriptedApi, client: ApiClient, clock: Hand,
    tmp_path: Path,
) -> None:  # fmt: skip
    """The answer was written but the entry not moved: it is posted again, refused again and parked."""
    put(outbox, packages, IDS[0])
    (tmp_path / "outbox" / "ready" / IDS[0] / "answer.json").write_text("{}")
    api.answers = [status(400)]
    sender = sender_of(Outbox(tmp_path / "outbox"), client, clock)
    assert [sender.step(), sender.step()] == [0.0, None]
    assert outbox.rejected() == [IDS[0]]


@pytest.mark.parametrize("content", [b"", b"{}", None])
def test_a_damaged_entry_is_parked_and_does_not_stop_the_others(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], api: ScriptedApi, client: ApiClient, clock: Hand,
    tmp_path: Path, content: bytes | None,
) -> None:  # fmt: skip
    """A lead file that the disk has spoilt cannot be sent by anybody: it is put aside for a person."""
    put(outbox, packages, IDS[0], IDS[1])
    spoilt = tmp_path / "outbox" / "ready" / IDS[0] / "lead.json"
    if content is None:
        spoilt.unlink()
    else:
        spoilt.write_bytes(content)
    sender = sender_of(outbox, client, clock)
    while sender.step() is not None:
        pass
    assert [lead_id for lead_id, *_ in api.posted] == [IDS[1]]
    assert outbox.rejected() == [IDS[0]]


def test_a_lead_that_cannot_be_read_is_tried_again(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], api: ScriptedApi, client: ApiClient, clock: Hand,
    tmp_path: Path,
) -> None:  # fmt: skip
    """Where the system cannot open its file nobody knows what is in it: it is not put aside, and the others go on."""
    put(outbox, packages, IDS[0], IDS[1])
    file = tmp_path / "outbox" / "ready" / IDS[0] / "lead.json"
    file.rename(tmp_path / "away.json")
    file.symlink_to(file)  # too many levels of links: an error of reading that root gets too
    sender = sender_of(outbox, client, clock)
    assert [sender.step(), sender.step(), sender.step()] == [0.0, 0.0, pytest.approx(1.0)]
    assert ([lead_id for lead_id, *_ in api.posted], outbox.rejected()) == ([IDS[1]], [])
    assert outbox.oldest_age_s() < 3600  # not since 1970
    file.unlink()
    (tmp_path / "away.json").rename(file)
    clock.now += 10
    assert [sender.step(), sender.step()] == [0.0, None]
    assert outbox.rejected() == []


def test_a_package_that_cannot_be_read_is_tried_again(
    outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]], api: ScriptedApi, client: ApiClient, clock: Hand,
    tmp_path: Path,
) -> None:  # fmt: skip
    """A disk error while reading is no verdict on the lead."""
    put(outbox, packages, IDS[0])
    tar = tmp_path / "outbox" / "ready" / IDS[0] / "package.tar"
    tar.rename(tmp_path / "away.tar")
    sender = sender_of(outbox, client, clock)
    assert sender.step() == 0.0
    assert api.posted == []
    (tmp_path / "away.tar").rename(tar)
    clock.now += 10
    assert [sender.step(), sender.step()] == [0.0, None]


def test_a_full_disk_keeps_nothing_and_says_so(
    packages: dict[str, tuple[Path, LeadDocument]], tmp_path: Path, outbox: Outbox
) -> None:
    """A put that the system does not take whole raises, leaves no entry, and works once there is space."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    try:
        with pytest.raises(StorageError, match=r"package\.tar could not be stored: File too large"):
            outbox.put(*packages[IDS[0]])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert outbox.entries() == []
    assert list((tmp_path / "outbox" / "ready").iterdir()) == []
    outbox.put(*packages[IDS[0]])
    assert [entry.lead_id for entry in outbox.entries()] == [IDS[0]]


def test_the_age_of_the_oldest_is_told(outbox: Outbox, packages: dict[str, tuple[Path, LeadDocument]]) -> None:
    """A lead that has waited since 2025 shows in the figures."""
    put(outbox, packages, IDS[0])
    assert outbox.oldest_age_s() > 86_400
