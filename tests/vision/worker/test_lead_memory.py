"""Remembered leads: a worker that is started anew knows what was told of its cameras."""

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from streams.camera import CameraId
from streams.timing.clock import UtcSource, utc_now
from tests.vision.leads.test_merging import lead
from tests.vision.moments import CARD
from vision.analysis.analyser import CameraAnalyser
from vision.config.worker import parse_config
from vision.leads.lead import Lead
from vision.leads.recent_leads import MERGE_S, RecentLead, from_json
from vision.worker.lead_memory import SUFFIX, LeadMemory

GATE = CameraId("gate-3")


class Analyser:
    """Stands for a camera's analyser."""

    def __init__(self) -> None:
        self.told: tuple[RecentLead, ...] = ()

    def recall(self, told: Sequence[RecentLead]) -> None:
        """Note what was handed over."""
        self.told = tuple(told)


def begun(folder: Path) -> Analyser:
    """Return an analyser that a new worker has just been given."""
    analyser = Analyser()
    LeadMemory(folder).begin(GATE, analyser)
    return analyser


def told_now(key: str = "a", source: UtcSource = UtcSource.ARRIVAL, ago_s: float = 5.0) -> Lead:
    """Return a lead of a live camera that was seen a moment ago."""
    one = lead(key, 10.0)
    time = replace(one.last, utc=utc_now() - timedelta(seconds=ago_s), source=source)
    return replace(one, camera_id=GATE, last=time, confirmed=time)


def filed_keys(folder: Path) -> list[str]:
    """Return the leads in the camera's file."""
    return [one.key for one in from_json((folder / f"{GATE}{SUFFIX}").read_bytes())]


def test_the_first_watch_is_handed_nothing(tmp_path: Path) -> None:
    """Nothing is known, and nothing is wrong with that; nor is anything written where nothing was told."""
    with capture_logs() as logs:
        analyser = begun(tmp_path)
        leads = LeadMemory(tmp_path)
        leads.begin(GATE, analyser)
        leads.end(GATE, analyser)

    assert (analyser.told, logs, list(tmp_path.iterdir())) == ((), [], [])


def test_what_no_camera_can_use_any_more_is_removed(tmp_path: Path) -> None:
    """Leads too old to be merged into do not gather, nor do the usual looks that an earlier version kept."""
    old, new, other = tmp_path / f"gone{SUFFIX}", tmp_path / f"{GATE}{SUFFIX}", tmp_path / "notes.txt"
    look = tmp_path / f"{GATE}.look"
    for path in (old, new, other, look):
        path.write_bytes(b"")
    for path in (old, other):
        os.utime(path, (0, 0))
    LeadMemory(tmp_path)

    assert sorted(tmp_path.iterdir()) == sorted([new, other])


def test_a_camera_that_is_not_watched_is_not_kept(tmp_path: Path) -> None:
    """Neither filed nor ended."""
    leads = LeadMemory(tmp_path)
    leads.filed(told_now())
    leads.end(GATE, Analyser())

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damaged", [b"half a fi", b"[{}]"])
def test_leads_told_before_that_cannot_be_read_are_told_again(tmp_path: Path, damaged: bytes) -> None:
    """With a warning; the watch begins as on the first day, and what is told next is kept."""
    (tmp_path / f"{GATE}{SUFFIX}").write_bytes(damaged)
    leads, analyser = LeadMemory(tmp_path), Analyser()
    with capture_logs() as logs:
        leads.begin(GATE, analyser)
    leads.filed(told_now("next"))

    assert analyser.told == ()
    assert [(entry["log_level"], entry["camera"]) for entry in logs] == [("warning", GATE)]
    assert filed_keys(tmp_path) == ["next"]


def test_a_disk_that_takes_nothing_is_told(tmp_path: Path) -> None:
    """The camera is given up all the same."""
    (tmp_path / "places").write_text("a file where a folder should be")
    leads = LeadMemory(tmp_path / "places")
    leads.begin(GATE, Analyser())
    with capture_logs() as logs:
        leads.filed(told_now())
        leads.end(GATE, Analyser())

    assert [entry["log_level"] for entry in logs] == ["warning"] * 2


def test_a_lead_is_told_once_whose_evidence_is_on_disk(tmp_path: Path) -> None:
    """Killed right after, the next worker knows of it; what no case was opened for is told again."""
    leads = LeadMemory(tmp_path)
    leads.begin(GATE, Analyser())
    leads.filed(told_now("filed"))

    assert [one.key for one in begun(tmp_path).told] == ["filed"]
    assert filed_keys(tmp_path) == ["filed"]


def test_what_was_told_is_remembered_as_it_was_seen_last(tmp_path: Path) -> None:
    """A lead that goes on until the worker stops counts from there; one whose case was not opened is not kept."""
    leads, analyser = LeadMemory(tmp_path), Analyser()
    leads.begin(GATE, analyser)
    first = told_now("a", ago_s=600.0)
    leads.filed(first)
    later = utc_now()
    analyser.told = (replace(RecentLead.of(first), seen=later), RecentLead.of(told_now("not filed")))
    leads.end(GATE, analyser)

    assert [(one.key, one.seen) for one in begun(tmp_path).told] == [("a", later)]


def test_after_half_an_hour_it_is_told_again(tmp_path: Path) -> None:
    """As without a restart."""
    leads = LeadMemory(tmp_path)
    leads.begin(GATE, Analyser())
    leads.filed(told_now("old", ago_s=MERGE_S - 0.3))
    assert [one.key for one in begun(tmp_path).told] == ["old"]
    time.sleep(0.4)
    assert begun(tmp_path).told == ()


def test_what_a_file_shows_is_told_each_time(tmp_path: Path) -> None:
    """And so is what is told of a camera that is not watched."""
    leads = LeadMemory(tmp_path)
    leads.filed(told_now())
    leads.begin(GATE, Analyser())
    leads.filed(told_now(source=UtcSource.FILE))

    assert list(tmp_path.iterdir()) == []


def test_an_analyser_goes_on_from_what_another_told(tmp_path: Path) -> None:
    """A camera's own analyser takes it up, and what it stops with is handed to the next."""
    leads = LeadMemory(tmp_path)
    leads.begin(GATE, analyser())
    leads.filed(one := told_now())
    second, third = analyser(), analyser()
    for following in (second, third):
        leads = LeadMemory(tmp_path)
        leads.begin(GATE, following)
        leads.end(GATE, following)

    assert tuple(second.told) == tuple(third.told) == (RecentLead.of(one),)


def analyser() -> CameraAnalyser:
    """Return the analyser of a live camera."""
    config = parse_config({"cameras": [{"id": GATE, "source": "rtsp://gate/1"}]})
    return CameraAnalyser.for_camera(config.cameras[0], config, CARD)
