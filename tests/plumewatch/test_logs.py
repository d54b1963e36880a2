"""Logs: a fault that repeats appears once a second with its count."""

import pytest
import structlog

from plumewatch.logs import RepeatedFaults


class Log:
    """What passes the processor, under a clock moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.faults = RepeatedFaults(lambda: self.now)

    def tell(self, method: str, event: str, **fields: object) -> dict[str, object] | None:
        """Return the event that passes, or ``None``."""
        try:
            return dict(self.faults(None, method, {"event": event, **fields}))
        except structlog.DropEvent:
            return None


def test_one_fault_passes_as_it_is() -> None:
    """Nothing is added to a fault that happens once."""
    assert Log().tell("warning", "stream lost", camera="gate") == {"event": "stream lost", "camera": "gate"}


def test_a_fault_that_repeats_passes_once_a_second_with_its_count() -> None:
    """A thousand in five seconds are five lines, and no repetition is lost from the counts."""
    log = Log()
    passed = []
    for step in range(1000):
        log.now = step / 200
        passed.append(log.tell("error", "api unreachable", attempt=step))
    lines = [line for line in passed if line is not None]
    assert len(lines) == 5
    assert [line.get("repeated") for line in lines] == [None, 199, 199, 199, 199]


@pytest.mark.parametrize("field", ["camera", "lead", "task", "node", "member"])
def test_faults_about_different_things_do_not_hide_each_other(field: str) -> None:
    """Two cameras that are lost in the same second are two lines."""
    log = Log()
    assert log.tell("warning", "stream lost", **{field: "a"}) is not None
    assert log.tell("warning", "stream lost", **{field: "b"}) is not None
    assert log.tell("warning", "stream lost", **{field: "a"}) is None


def test_what_is_no_fault_always_passes() -> None:
    """Information is not held back: each lead posted is told."""
    log = Log()
    assert all(log.tell("info", "lead posted") is not None for _ in range(10))


def test_memory_of_faults_is_bounded() -> None:
    """However many different faults there are, the oldest are forgotten."""
    log = Log()
    for number in range(5000):
        log.tell("warning", "odd", lead=str(number))
    assert len(log.faults._told) == 2048
    assert log.tell("warning", "odd", lead="4999") is None
