"""Logs: a fault that repeats appears once a second with its count; what the disk does not take ends no loop."""

import errno
import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import structlog

from plumewatch.logs import Lines, RepeatedFaults, short_values


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


class Disk(io.StringIO):
    """A log file on a disk that may be full."""

    is_full = False

    def flush(self) -> None:
        """Refuse what was written, where it is full."""
        if self.is_full:
            self.seek(0)
            self.truncate()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_lines_that_the_disk_does_not_take_are_counted_and_told_later() -> None:
    """Nothing is raised while it is full; the first line after says how many are missing, the next one nothing."""
    disk = Disk()
    lines = Lines(disk)

    def tell() -> None:
        lines.warning(json.dumps(dict(lines(None, "warning", {"event": "lead waits for space"}))))

    disk.is_full = True
    for _ in range(3):
        tell()
    disk.is_full = False
    for _ in range(2):
        tell()
    told = [json.loads(line) for line in disk.getvalue().splitlines()]
    assert told == [{"event": "lead waits for space", "unwritten": 3}, {"event": "lead waits for space"}]


def test_a_program_whose_log_lies_on_a_full_disk_goes_on() -> None:
    """What is told to a standard error that takes nothing is no fault of the thread that tells it."""
    program = """
import structlog
from plumewatch.logs import configure
configure()
log = structlog.get_logger("evidence")
try:
    raise OSError("no space left")
except OSError as error:
    log.error("lead waits for space", error=str(error))
    log.exception("evidence desk failed; it goes on")
log.bind(camera="gate").warning("stream lost")
print("goes on")
"""
    with open("/dev/full", "w") as full:  # noqa: PTH123 (a device)
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=full, text=True, timeout=60, check=False
        )
    assert (done.returncode, done.stdout) == (0, "goes on\n")


JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 400


def test_pictures_and_endless_text_stay_out_of_the_log() -> None:
    """Bytes and arrays are told by their size, wherever they stand; long text keeps its beginning and its end."""
    event = {"event": "odd", "still": JPEG, "about": {"lead": "L1", "parts": [JPEG, 7]}, "image": np.zeros((2, 3))}
    short = short_values(None, "error", event | {"error": "a" * 5000 + "b" * 5000, "held": 3, "gone": None})
    assert short["still"] == f"<{len(JPEG)} bytes>"
    assert short["about"] == {"lead": "L1", "parts": [f"<{len(JPEG)} bytes>", 7]}
    assert short["image"] == "<array of (2, 3)>"
    assert short["error"] == "a" * 4000 + " ... " + "b" * 4000 + " <10000 characters>"
    assert (short["event"], short["held"], short["gone"]) == ("odd", 3, None)


@pytest.mark.parametrize("at_terminal", [False, True])
def test_a_traceback_does_not_show_what_variables_hold(*, at_terminal: bool) -> None:
    """Neither in JSON nor in colours: they hold pictures, and the addresses of cameras with their passwords."""
    program = """
import sys, structlog
from plumewatch.logs import configure
sys.stderr.isatty = lambda: sys.argv[1] == "True"
configure()
def fail():
    picture, source = bytes([255, 216, 255]) * 50, "rtsp://admin:gehe" + "im@camera/1"
    raise OSError("no space left")
try:
    fail()
except OSError:
    structlog.get_logger("evidence").exception("evidence desk failed; it goes on", still=bytes([255, 216, 255]) * 50)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(at_terminal)], capture_output=True, text=True, timeout=60, check=True
    )
    assert "no space left" in done.stderr
    assert "<150 bytes>" in done.stderr
    assert "geheim" not in done.stderr
    assert "xd8" not in done.stderr
