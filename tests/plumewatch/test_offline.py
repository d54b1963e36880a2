"""Commands that need no running site."""

from pathlib import Path

import pytest

from plumewatch.failures import UsageError
from plumewatch.offline import show_outbox
from plumewatch.worker_process import WORKERS
from vision.evidence.outbox import ANSWER, LEAD, Outbox


def lead_in(folder: Path, shelf: str, lead_id: str) -> None:
    """Put something that looks like a lead on a shelf of an outbox."""
    Outbox(folder)
    place = folder / shelf / lead_id
    place.mkdir()
    (place / LEAD).write_text("{}")
    (place / ANSWER).write_text('{"title": "no"}')


def test_a_folder_without_an_outbox_is_a_wrong_question(tmp_path: Path) -> None:
    """The sentence names the folder."""
    with pytest.raises(UsageError, match="no outbox"):
        list(show_outbox(tmp_path, None))


def test_the_outboxes_of_all_workers_are_shown(tmp_path: Path) -> None:
    """The first worker's leads, then the others'; a rejected one is found wherever it is."""
    lead_in(tmp_path / "outbox", "ready", "L20261124-001001")
    lead_in(tmp_path / WORKERS / "2" / "outbox", "rejected", "L20261124-002001")
    assert list(show_outbox(tmp_path, None)) == [
        "waiting   L20261124-001001",
        'rejected  L20261124-002001  {"title": "no"}',
    ]
    assert list(show_outbox(tmp_path, "L20261124-002001")) == [
        "waiting   L20261124-001001",
        "waiting   L20261124-002001",
    ]
    with pytest.raises(UsageError, match="not among the rejected"):
        list(show_outbox(tmp_path, "L20261124-009009"))


def test_cases_that_were_put_aside_as_damaged_are_shown(tmp_path: Path) -> None:
    """Nothing tries them again, so a person must hear of them, and where they lie; what is half-removed is nothing."""
    folder = tmp_path / WORKERS / "2"
    lead_in(folder / "outbox", "ready", "L20261124-002001")
    case = folder / "cases" / "damaged" / "L20261124-002002"
    case.mkdir(parents=True)
    (case.parent / "L20261124-002003.removed.partial").mkdir()
    assert list(show_outbox(tmp_path, None)) == ["waiting   L20261124-002001", f"damaged   L20261124-002002  {case}"]
