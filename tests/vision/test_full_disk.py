"""A disk that is full at any step between confirmation and outbox delays a lead; it loses none and files none twice."""

from pathlib import Path

import pytest

from api.contract.evidence.verification import verify_package
from streams.frame import Packet
from tests.disk import disk_full
from tests.streams.media import make_clip
from tests.vision.staged import NOW, SITE, WITNESS, closed, lead_on, log_of, read_packets, ring_of
from vision.durable import StorageError
from vision.evidence.cases import CaseStore, OpenCase
from vision.evidence.clips import RingClips
from vision.evidence.node import NodeIdentity
from vision.evidence.outbox import Outbox


@pytest.fixture(scope="module")
def packets(tmp_path_factory: pytest.TempPathFactory) -> list[Packet]:
    """Six seconds of a small film."""
    return read_packets(make_clip(tmp_path_factory.mktemp("film") / "film.mp4", seconds=6, size=(256, 144)))


class Line:
    """The way of one lead on a node of its own; each part may be tried again."""

    def __init__(self, folder: Path, packets: list[Packet]) -> None:
        self._node = NodeIdentity.open(folder / "node", "worker-01", NOW)
        self.outbox = Outbox(folder / "outbox")
        self._store = CaseStore(folder / "cases", self._node, self.outbox, now=lambda: NOW)
        self._lead = lead_on(packets, 2, 3.5, 3, 3.5)
        self._clips, self._log = RingClips(ring_of(packets, 6)), log_of(packets, 5)
        self._case: OpenCase | None = None

    def go(self) -> None:
        """Open the case unless it is open, and finish it."""
        if self._case is None:
            self._case = self._store.open_case(
                self._lead, SITE, WITNESS, self._clips, self._log, pre_roll_s=1, post_roll_s=1
            )
        self._store.finish_case(self._case, closed(self._lead), self._clips, self._log)

    def close(self) -> None:
        """Give the node back."""
        self._node.close()


def test_a_full_disk_at_any_step_delays_a_lead_and_loses_none(packets: list[Packet], tmp_path: Path) -> None:
    """Wherever it strikes, a clear error; when there is space again the lead is in the outbox, once, and verifies."""
    counting = Line(tmp_path / "0", packets)
    with disk_full(tmp_path / "0") as disk:
        counting.go()
    counting.close()
    assert disk.steps > 20
    refusals: list[str] = []
    for step in range(1, disk.steps + 1):
        folder = tmp_path / str(step)
        line = Line(folder, packets)
        with disk_full(folder, full_from=step):
            try:
                line.go()
            except StorageError as error:
                refusals.append(str(error))
        line.go()
        entries = line.outbox.entries()
        assert len(entries) == 1, f"step {step}"
        assert entries[0].lead_id.endswith("001"), f"step {step}: no number is lost over it"
        assert verify_package(entries[0].package).failures == (), f"step {step}"
        assert not list((folder / "cases" / "cases").iterdir()), f"step {step}"
        line.close()
    assert len(refusals) > 20
    assert [told for told in refusals if f"the disk is full that holds {tmp_path}" not in told] == []
