"""The supervisor's children: started again after a fall, never left behind."""

import inspect
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from models.pool import DetectorPool
from plumewatch.embedded import SILENT_S, EmbeddedValkey
from plumewatch.processes import STOP_ON_EOF, Child
from plumewatch.supervisor import WORKER_STOPS_WITHIN_S
from tests.disk import disk_full
from tests.e2e.waiting import wait_for
from vision.cluster.membership import DRAIN_S
from vision.cluster.registration import Registrar
from vision.coverage.delivery import CoverageDelivery
from vision.coverage.ledger import CoverageLedger
from vision.evidence.announcer import Announcer
from vision.evidence.sender import OutboxSender
from vision.jobs.dry_runs import DryRuns
from vision.jobs.redactions import Redactions
from vision.worker.case_thread import CaseThread
from vision.worker.live import LivePublisher
from vision.worker.reporter import StateReporter
from vision.worker.worker import Worker


@pytest.fixture
def child(tmp_path: Path) -> Child:
    """A child that lives until it is told otherwise."""
    return Child("bus", ["models", "list"], {}, tmp_path / "child.log")


def test_a_child_that_ended_is_started_again_after_a_pause(child: Child) -> None:
    """A child's end is noticed, and it runs again after the back-off, which grows."""
    child.start()
    assert child.process is not None
    child.process.wait(timeout=60)
    wait_for("the child is started again", lambda: child.keep_alive() or child.restarts, 20)
    assert child.restarts == 1
    assert child.backoff_s == 2.0
    child.stop(10)
    assert "emissions" in child.tail()


def test_a_child_that_cannot_be_started_again_is_tried_again(child: Child) -> None:
    """A machine without room for another process ends neither the supervisor nor what else it keeps alive."""
    child.start()
    assert child.process is not None
    child.process.wait(timeout=60)
    child.backoff_s = 0.0
    child.log_path.unlink()
    with disk_full(child.log_path.parent, full_from=1):
        child.keep_alive()
    assert child.restarts == 0
    wait_for("the child is started", lambda: child.keep_alive() or child.restarts, 20)
    child.stop(60)


def test_a_stopped_child_is_gone(tmp_path: Path) -> None:
    """Stop ends a child that runs."""
    bus = EmbeddedValkey(tmp_path / "bus").start()
    child = Child(
        "api", ["api", "--data", str(tmp_path / "d"), "--redis", bus.url, "--port", "0"], {}, tmp_path / "log"
    )
    child.start()
    wait_for("the API writes its log", (tmp_path / "log").read_text, 30)
    child.stop(20)
    bus.stop()
    assert child.process is not None
    assert child.process.returncode is not None


def running(command: str, child: Child) -> subprocess.Popen[bytes]:
    """A process that writes to the child's log as its own would, given as a child's."""
    output = child.log_path.open("ab")
    child.process = subprocess.Popen([sys.executable, "-c", command], stdin=subprocess.PIPE, stdout=output)
    output.close()
    return child.process


TALKER = "import sys\nfor line in sys.stdin: print(line.strip() * 100, flush=True)"


def test_a_log_that_grows_while_its_process_runs_is_set_aside(child: Child) -> None:
    """Beyond its bound it is emptied and the last one kept; the process goes on writing at its start, and runs on."""
    child.log_bytes = 5000
    process = running(TALKER, child)
    assert process.stdin is not None
    for word in (b"first-word", b"later-word"):
        process.stdin.write((word + b"\n") * 7)
        process.stdin.flush()
        wait_for("all is written", lambda: child.log_path.stat().st_size == 7 * 1001, 60)
        child.keep_alive()
        assert child.log_path.stat().st_size == 0
        assert child.log_path.with_suffix(".log.1").read_bytes() == (word * 100 + b"\n") * 7
    process.stdin.write(b"last-word\n")
    process.stdin.flush()
    wait_for("it writes on", lambda: child.log_path.read_bytes() == b"last-word" * 100 + b"\n", 20)
    assert process.poll() is None
    assert child.restarts == 0
    child.stop(10)


def test_a_disk_without_room_for_the_copy_gets_the_log_s_own(child: Child) -> None:
    """Where the earlier log cannot be written the log is emptied, and nothing half-copied stays."""
    child.log_bytes = 5000
    child.log_path.write_bytes(b"x" * 6000)
    process = running("input()", child)
    with disk_full(child.log_path.parent, full_from=1):
        child.keep_alive()
    assert process.poll() is None
    child.stop(20)
    assert child.log_path.stat().st_size == 0
    assert [path.name for path in child.log_path.parent.iterdir()] == ["child.log"]


def test_a_child_does_not_outlive_its_supervisor(tmp_path: Path) -> None:
    """A child whose standard input ends stops by itself: a supervisor killed with -9 leaves nothing behind."""
    code = "import threading; from plumewatch.processes import stop_on_eof; stop_on_eof(); threading.Event().wait(60)"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        env={**os.environ, STOP_ON_EOF: "1"},
    )
    time.sleep(0.5)
    assert process.poll() is None
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=20) == -signal.SIGTERM
    assert tmp_path.exists()


def test_the_bus_keeps_its_data_over_a_restart(tmp_path: Path) -> None:
    """What is on the bus's streams is there again after a stop and a start."""
    bus = EmbeddedValkey(tmp_path / "bus").start()
    with redis.Redis.from_url(bus.url) as client:
        client.set("kept", "yes")
    bus.stop()
    bus = EmbeddedValkey(tmp_path / "bus").start()
    with redis.Redis.from_url(bus.url) as client:
        assert client.get("kept") == b"yes"
    bus.stop()


def test_a_bus_that_a_killed_supervisor_left_is_replaced(tmp_path: Path) -> None:
    """A server of an earlier run on the same folder is shut down, its data kept, and a new one started."""
    orphan = EmbeddedValkey(tmp_path / "bus").start()
    with redis.Redis.from_url(orphan.url) as client:
        client.set("kept", "yes")
    bus = EmbeddedValkey(tmp_path / "bus").start()
    with redis.Redis.from_url(bus.url) as client:
        assert client.get("kept") == b"yes"
    assert not orphan.is_running() or orphan.url == bus.url
    bus.stop()


def server_of(bus: EmbeddedValkey) -> int:
    """Return the process id of the bus's server."""
    with redis.Redis.from_url(bus.url) as client:
        return int(client.info("server")["process_id"])  # type: ignore[index]  # not asynchronous


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    """A bus that runs."""
    made = EmbeddedValkey(tmp_path / "bus").start()
    yield made
    made.stop()


def test_a_bus_that_is_slow_to_answer_is_not_killed(bus: EmbeddedValkey) -> None:
    """A server that a busy machine holds up for a moment goes on with all its connections."""
    pid = server_of(bus)
    os.kill(pid, signal.SIGSTOP)
    bus.keep_alive()
    os.kill(pid, signal.SIGCONT)
    assert server_of(bus) == pid


def test_a_bus_that_has_ended_is_started_again_at_once(bus: EmbeddedValkey) -> None:
    """Where nobody listens there is nothing to wait for."""
    pid = server_of(bus)
    os.kill(pid, signal.SIGKILL)
    wait_for("another server", lambda: bus.keep_alive() or (bus.is_running() and server_of(bus) != pid), SILENT_S / 2)


def test_a_bus_that_stays_silent_is_replaced(bus: EmbeddedValkey) -> None:
    """A server that hangs for good is killed and started again."""
    pid = server_of(bus)
    os.kill(pid, signal.SIGSTOP)
    wait_for("another server", lambda: bus.keep_alive() or (bus.is_running() and server_of(bus) != pid), 6 * SILENT_S)


def test_a_bus_that_cannot_start_for_a_full_disk_is_tried_again(bus: EmbeddedValkey, tmp_path: Path) -> None:
    """The site goes on without it meanwhile, and has it back when there is space again."""
    pid = server_of(bus)
    os.kill(pid, signal.SIGKILL)
    wait_for("the server is gone", lambda: not bus.is_running(), 20)
    with disk_full(tmp_path, full_from=1):
        bus.keep_alive()
    assert not bus.is_running()
    wait_for("the bus is back", lambda: bus.keep_alive() or bus.is_running(), 20)


def test_a_deep_folder_still_gets_a_socket(tmp_path: Path) -> None:
    """A data folder whose path is longer than a socket's may be puts the socket elsewhere."""
    deep = tmp_path / ("x" * 80) / ("y" * 80)
    bus = EmbeddedValkey(deep).start()
    with redis.Redis.from_url(bus.url) as client:
        assert client.ping()
    bus.stop()


def test_a_worker_s_parts_end_before_it_is_killed() -> None:
    """The supervisor waits longer than all deadlines of a worker's end together: open cases are among them."""
    parts: list[Callable[..., object]] = [
        Announcer.stop, CoverageDelivery.close, CoverageLedger.stop, DetectorPool.stop, DryRuns.stop, CaseThread.stop,
        LivePublisher.stop, OutboxSender.close, Redactions.stop, Registrar.stop, StateReporter.stop, Worker.unwatch,
    ]  # fmt: skip
    deadlines = [
        float(parameter.default)
        for part in parts
        for name, parameter in inspect.signature(part).parameters.items()
        if name in {"deadline_s", "flush_s", "timeout_s"}
    ]
    assert len(deadlines) == len(parts)
    assert sum(deadlines) + 3 * DRAIN_S < WORKER_STOPS_WITHIN_S
