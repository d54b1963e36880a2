import os
import threading
import time
from pathlib import Path

import pytest

from benchmarks.capacity.record import Outcome, Recorder, read_record, read_threads, write_threads
from benchmarks.capacity.usage import (
    UNNAMED,
    ProcessUsage,
    cores_by_group,
    group_of,
    machine_usage,
    unread_bytes,
    usage_of,
)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Each picture comes back with its camera, its fate and its delay; a line half written is left out."""
    path = tmp_path / "record.txt"
    path.touch()
    assert read_record(path) == []
    recorder = Recorder(path)
    captured_s = time.time() - 0.5
    recorder.note("cam-1", Outcome.ANALYSED, is_keyframe=True, captured_s=captured_s)
    recorder.note("cam-2", Outcome.STALE, is_keyframe=False, captured_s=captured_s)
    recorder.close()
    with path.open("a", encoding="ascii") as file:
        file.write("cam-3 analysed 1 17")
    first, second = read_record(path)
    assert (first.camera, first.outcome, first.is_keyframe) == ("cam-1", Outcome.ANALYSED, True)
    assert (second.camera, second.outcome, second.is_keyframe) == ("cam-2", Outcome.STALE, False)
    assert captured_s == pytest.approx(first.captured_s, abs=1e-3)
    assert 0.5 <= first.delay_s < 5.0
    assert first.known_s <= time.monotonic()


def test_threads_are_known_by_name_to_another_process(tmp_path: Path) -> None:
    """The file holds each Python thread's system number and name; before it is written there are none."""
    path = tmp_path / "record.threads"
    assert read_threads(path) == {}
    write_threads(path)
    assert threading.current_thread().name == read_threads(path)[threading.get_native_id()]


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("camera-cam-017", "camera"),
        ("detector-0", "detector"),
        ("live", "live"),
        ("ThreadPoolExecutor-0_1", "ThreadPoolExecutor-0"),
        ("7", "7"),
    ],
)
def test_threads_are_grouped_by_what_they_do(name: str, group: str) -> None:
    """Numbers and camera names are not part of a group."""
    assert group == group_of(name)


def test_cores_are_counted_by_group() -> None:
    """Time between two moments is divided among the groups; threads without a name are the engine's."""
    before = ProcessUsage(0.0, {1: 1.0, 2: 0.0, 3: 0.0}, 0.0, 0.0)
    after = ProcessUsage(0.0, {1: 2.0, 2: 3.0, 3: 1.0, 4: 8.0}, 0.0, 0.0)
    names = {1: "camera-a-1", 2: "camera-a-2", 3: "live"}
    assert cores_by_group(before, after, names, 4.0) == {UNNAMED: 2.0, "camera": 1.0, "live": 0.25}


def test_what_a_process_uses_is_read_from_the_system() -> None:
    """Work shows as processor time, in the process, in its thread and in the machine."""
    before, machine = usage_of(os.getpid()), machine_usage()
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass
    after = usage_of(os.getpid())
    assert 0.15 < after.cpu_s - before.cpu_s < 5.0
    own = threading.get_native_id()
    assert after.threads_s[own] - before.threads_s[own] > 0.15
    assert machine_usage().busy_s - machine.busy_s > 0.15
    assert 10 < after.pss_mb <= after.rss_mb


def test_an_ended_process_is_an_error() -> None:
    """A number that no process has cannot be read."""
    with pytest.raises(ProcessLookupError):
        usage_of(2**22 + 1)


def test_what_waits_on_a_connection_is_counted_from_both_ends() -> None:
    """What the server could not send and what the reader has not read belong to the same reader; listeners do not."""
    row = "{}: 0100007F:{} 0100007F:{} {} {}:{} 00:00000000 00000000 0 0 1 1 0000000000000000"
    table = "\n".join(
        [
            "  sl  local_address rem_address   st tx_queue rx_queue",
            row.format(0, "1F90", "0000", "0A", "00000000", "00000005"),
            row.format(1, "1F90", "C350", "01", "00000010", "00000000"),
            row.format(2, "C350", "1F90", "01", "00000000", "00000020"),
            row.format(3, "0050", "C351", "01", "00000010", "00000000"),
        ]
    )
    assert unread_bytes(0x1F90, table) == {0xC350: 0x30}
