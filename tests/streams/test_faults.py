from collections.abc import Callable

import structlog
from structlog.testing import capture_logs

from streams.faults import Faults


def _at(*moments: float) -> Callable[[], float]:
    return iter(moments).__next__


def test_a_repeating_fault_is_told_once_a_second_with_its_count() -> None:
    """The first at once, then what happened since the last line; another fault has its own second."""
    with capture_logs() as lines:
        faults = Faults(_at(10.0, 10.4, 10.5, 10.9, 11.1))
        for event in ("stream lost", "stream lost", "packets damaged", "stream lost", "stream lost"):
            faults.tell(structlog.get_logger(), event)
    assert [(line["event"], line["count"]) for line in lines] == [
        ("stream lost", 1),
        ("packets damaged", 1),
        ("stream lost", 3),
    ]
