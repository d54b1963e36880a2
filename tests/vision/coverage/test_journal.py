"""The coverage journal and its sender: nothing watched is lost unsaid, whatever is killed, full or down."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.contract.client import ApiRefusedError, ApiUnreachableError
from api.contract.coverage import BATCH_MOST, AccountHour, CoverageReceipt, CoverageReport
from api.contract.reasons import GapReason
from vision.coverage.account import Counters, Trouble
from vision.coverage.delivery import PERIOD_S, CoverageDelivery
from vision.coverage.journal import FILE, Journal
from vision.coverage.ledger import CoverageLedger, Look
from vision.durable import StorageError

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


class Time:
    """Both clocks, moved by hand."""

    def __init__(self) -> None:
        self.s = 0.0
        self.wall_s = 0.0

    def monotonic(self) -> float:
        return self.s

    def now(self) -> datetime:
        return START + timedelta(seconds=self.s + self.wall_s)


class Api:
    """An API that keeps the newest version of each hour, and may refuse or be away."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, datetime, str], AccountHour] = {}
        self.lost: list[str] = []
        self.away = False
        self.hates: set[str] = set()
        self.posts = 0

    def post_coverage(self, report: CoverageReport) -> CoverageReceipt:
        self.posts += 1
        if self.away:
            raise ApiUnreachableError("no answer")
        if any(hour.camera_id in self.hates for hour in report.hours):
            raise ApiRefusedError(422, "no", None)
        for hour in report.hours:
            self.kept[hour.camera_id, hour.hour, hour.account] = hour
        self.lost += [loss.camera_id for loss in report.losses]
        return CoverageReceipt(taken=len(report.hours), repeated=0)


def run(ledger: CoverageLedger, time: Time, seconds: int, *cameras: str) -> None:
    """Let each camera have a picture a second for some seconds."""
    for _ in range(seconds):
        time.s += 1
        for camera in cameras:
            ledger.analysed(camera, 0.2)
        ledger.look()


def an_hour_of(camera: str) -> AccountHour:
    return AccountHour(
        camera_id=camera, hour=START, account="0" * 16, sequence=1, worker="worker-01", limit_s=5.0, start=START,
        end=START + timedelta(minutes=5),
    )  # fmt: skip


def start(folder: Path, time: Time, *cameras: str) -> tuple[Journal, CoverageLedger]:
    journal = Journal(folder)
    ledger = CoverageLedger(journal, "worker-01", now=time.now, monotonic=time.monotonic)
    for camera in cameras:
        ledger.begin(camera, 5.0, Look)
    return journal, ledger


def test_a_killed_worker_leaves_an_account_that_ends_where_it_was_last_kept(tmp_path: Path) -> None:
    """After a kill the next run ends the account as died, and nothing after the last look on disk is claimed."""
    time = Time()
    journal, ledger = start(tmp_path, time, "gate")
    run(ledger, time, 10, "gate")
    ledger.keep()
    run(ledger, time, 4, "gate")
    journal.close()
    again = Journal(tmp_path)
    (left,) = again.unsent(10)
    assert left.ended is GapReason.WORKER_DIED
    assert left.end == START + timedelta(seconds=9.8)
    again.close()


def test_a_stopped_worker_says_so(tmp_path: Path) -> None:
    """A graceful stop ends all accounts with its reason, on disk."""
    time = Time()
    journal, ledger = start(tmp_path, time, "gate", "roof")
    run(ledger, time, 10, "gate", "roof")
    ledger.stop()
    assert {(d.camera_id, d.ended) for d in journal.unsent(10)} == {
        ("gate", GapReason.WORKER_STOPPED),
        ("roof", GapReason.WORKER_STOPPED),
    }
    journal.close()
    again = Journal(tmp_path)
    assert {d.ended for d in again.unsent(10)} == {GapReason.WORKER_STOPPED}
    again.close()


def test_an_api_outage_of_days_loses_nothing(tmp_path: Path) -> None:
    """All hours of the outage arrive when the API is back, and the journal is empty but for the present hour."""
    time, api = Time(), Api()
    journal, ledger = start(tmp_path, time, "gate")
    api.away = True
    sender = CoverageDelivery(journal, api, chance=lambda: 1.0)
    for _ in range(49):
        time.s += 3600
        ledger.look()
        ledger.keep()
        assert sender.step() is False
    assert sender.pause_s == 60.0
    api.away = False
    sender.step()
    assert len({hour for _, hour, _ in api.kept}) == 50
    assert journal.count_unsent() == 0
    posts = api.posts
    assert sender.step() is False
    assert api.posts == posts
    assert sender.pause_s == 30.0
    journal.close()


def test_a_refused_hour_does_not_hold_up_the_others(tmp_path: Path) -> None:
    """A document that the API will never take is given up alone and told as lost."""
    time, api = Time(), Api()
    journal, ledger = start(tmp_path, time, "gate", "odd", "roof")
    run(ledger, time, 10, "gate", "odd", "roof")
    ledger.keep()
    api.hates = {"odd"}
    sender = CoverageDelivery(journal, api)
    sender.step()
    api.hates = set()
    sender.step()
    assert {camera for camera, _, _ in api.kept} == {"gate", "roof"}
    assert api.lost == ["odd"]
    assert journal.count_unsent() == 0
    journal.close()


def test_too_many_unsent_hours_are_shed_oldest_first_and_the_loss_is_kept(tmp_path: Path) -> None:
    """The disk stays bounded; what is thrown away is known by camera and time."""
    time = Time()
    journal = Journal(tmp_path, hours_most=20)
    ledger = CoverageLedger(journal, "worker-01", now=time.now, monotonic=time.monotonic)
    ledger.begin("gate", 5.0, Look)
    for _ in range(30):
        time.s += 3600
        ledger.look()
        ledger.keep()
    kept = journal.unsent(100)
    (loss,) = journal.losses(10)
    assert len(kept) == 20
    assert (loss.camera_id, loss.start, loss.end) == ("gate", START, kept[0].hour)
    journal.delivered(kept, [loss])
    assert journal.losses(10) == []
    journal.close()


def test_more_losses_than_one_report_holds_are_told_in_several(tmp_path: Path) -> None:
    """A journal that was thrown away while many cameras were watched is told to the end, each loss once."""
    journal, api = Journal(tmp_path), Api()
    cameras = [f"cam-{number:04}" for number in range(BATCH_MOST + 1)]
    for camera in cameras:
        journal.refuse(an_hour_of(camera))
    sender = CoverageDelivery(journal, api)
    while sender.step():
        pass
    assert (sorted(api.lost), sender.pause_s) == (cameras, PERIOD_S)
    assert journal.losses(10) == []
    journal.close()


def test_a_disk_that_takes_nothing_loses_nothing_once_it_does(tmp_path: Path) -> None:
    """Documents that could not be written are written with the next ones."""
    time = Time()
    journal, ledger = start(tmp_path, time, "gate")
    pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
    journal._connection.execute(f"PRAGMA max_page_count = {pages}")
    for hour in range(40):
        time.s = 3600.0 * hour + 1
        ledger.look()
        ledger.keep()
    with pytest.raises(StorageError):
        journal.keep([])
    journal._connection.execute("PRAGMA max_page_count = 1000000")
    ledger.keep()
    assert len({document.hour for document in journal.unsent(100)}) == 40
    journal.close()


def test_a_damaged_journal_is_set_aside(tmp_path: Path) -> None:
    """A file that is no database does not keep the worker from starting; it is kept for a look."""
    (tmp_path / FILE).write_bytes(b"x" * 5000)
    journal = Journal(tmp_path)
    assert journal.unsent(1) == []
    assert (tmp_path / (FILE + ".damaged")).read_bytes() == b"x" * 5000
    journal.close()


def test_what_another_version_left_hurts_nobody(tmp_path: Path) -> None:
    """An hour that cannot be read is taken out; the worker starts and the others are sent."""
    time = Time()
    journal, ledger = start(tmp_path, time, "gate", "roof")
    run(ledger, time, 10, "gate", "roof")
    ledger.keep()
    with journal._writing() as cursor:
        cursor.execute("UPDATE hours SET document = '{\"new\": 1}' WHERE camera_id = 'gate'")
    journal.close()
    again = Journal(tmp_path)
    assert [document.camera_id for document in again.unsent(10)] == ["roof"]
    assert again.count_unsent() == 1
    again.close()


def test_a_clock_set_forward_ends_the_account(tmp_path: Path) -> None:
    """The time that the clock jumped over is nobody's: one account ends before it, a new one begins after it."""
    time = Time()
    journal, ledger = start(tmp_path, time, "gate")
    run(ledger, time, 10, "gate")
    time.wall_s = 7200.0
    run(ledger, time, 10, "gate")
    ledger.keep()
    before, after = journal.unsent(10)
    assert (before.ended, before.end) == (GapReason.CLOCK_SET, START + timedelta(seconds=10.8))
    assert after.start == START + timedelta(seconds=7211)
    assert after.ended is None
    journal.close()


def test_the_look_of_a_camera_explains_its_gap(tmp_path: Path) -> None:
    """What a camera says of itself when its pictures stay away is the gap's reason."""
    time = Time()
    journal = Journal(tmp_path)
    ledger = CoverageLedger(journal, "worker-01", now=time.now, monotonic=time.monotonic)
    seen = Look()
    ledger.begin("gate", 5.0, lambda: seen)
    run(ledger, time, 10, "gate")
    seen = Look(Trouble(GapReason.STREAM_LOST, "refused"), Counters({"replaced": 2}, reconnects=3), "patrol")
    run(ledger, time, 10)
    ledger.keep()
    (document,) = journal.unsent(10)
    assert [(gap.reason, gap.detail) for gap in document.gaps[1:]] == [(GapReason.STREAM_LOST, "refused")]
    assert (document.dropped, document.reconnects, document.patrol_s) == ({"replaced": 2}, 3, 10.0)
    journal.close()
