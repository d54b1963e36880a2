"""Child processes of the one-machine supervisor: started, watched, started again, stopped with the supervisor."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import structlog

from models.replacement import replacing

log = structlog.get_logger(__name__)

STOP_ON_EOF = "PLUMEWATCH_STOP_ON_EOF"
"""Set for children: they stop when their standard input ends, so none outlives a supervisor that was killed."""

_BACKOFF_MAX_S = 30.0
_STEADY_S = 60.0
_LOG_BYTES = 32 * 1024 * 1024
_LOG_AGAIN_S = 60.0


@dataclass(slots=True)
class Child:
    """One ``plumewatch`` process with its arguments, its log file and when it may be started again."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log_path: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    restarts: int = 0
    backoff_s: float = 1.0
    not_before: float = 0.0
    log_bytes: int = _LOG_BYTES
    _bound_log_at: float = 0.0
    _log: IO[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start the process; its output goes to `log_path`."""
        self._close_log()
        self._bound_log()
        self._log = self.log_path.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "plumewatch", *self.arguments],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **self.environment, STOP_ON_EOF: "1"},
        )
        self.started = time.monotonic()

    def keep_alive(self) -> None:
        """
        Start the process again if it ended, after a pause that doubles from 1 to 30 s; keep its log in bounds.

        A machine that is short of memory or of files for a new process is tried again, as one whose process ends.
        """
        now = time.monotonic()
        self._bound_log()
        if self.process is None or self.process.poll() is None:
            if self.process is not None and now - self.started > _STEADY_S:
                self.backoff_s = 1.0
            return
        if self.not_before <= self.started:
            log.error(
                "process ended",
                process=self.name,
                code=self.process.returncode,
                last=self.tail(1),
                log=str(self.log_path),
            )
            self._wait(now)
        if now < self.not_before:
            return
        try:
            self.start()
        except OSError as error:
            log.error("process not started", process=self.name, error=str(error), retry_s=self.backoff_s)  # noqa: TRY400
            self._wait(now)
        else:
            self.restarts += 1
            log.info("process started again", process=self.name, restarts=self.restarts)

    def _wait(self, now: float) -> None:
        """Put the next start off, for twice as long each time."""
        self.not_before = now + self.backoff_s
        self.backoff_s = min(self.backoff_s * 2, _BACKOFF_MAX_S)

    def stop(self, deadline_s: float) -> None:
        """Ask the process to stop; kill it when it has not stopped `deadline_s` seconds later."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=deadline_s)
            except subprocess.TimeoutExpired:
                log.warning("process did not stop in time and was killed", process=self.name, deadline_s=deadline_s)
                self.process.kill()
                self.process.wait()
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
        self._close_log()

    def ask_to_stop(self) -> None:
        """Ask the process to stop, and return at once."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def tail(self, lines: int = 5) -> str:
        """Return the last lines of the log: what to show when it would not start."""
        if not self.log_path.exists():
            return ""
        text = self.log_path.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def _bound_log(self) -> None:
        """
        Set the log aside as ``.log.1`` once it has more than `log_bytes`, in place of the one before.

        It is copied and emptied, for a process that runs goes on writing to the file that it was given, at its end
        whatever that is by then. Where the disk does not take the copy the log is emptied all the same: leads need the
        room more.
        """
        now = time.monotonic()
        if now < self._bound_log_at or not self.log_path.exists():
            return
        try:
            if self.log_path.stat().st_size <= self.log_bytes:
                return
            try:
                self._copy_log(self.log_path.with_suffix(".log.1"))
            finally:
                os.truncate(self.log_path, 0)
        except OSError as error:
            self._bound_log_at = now + _LOG_AGAIN_S
            log.warning("log not set aside", process=self.name, log=str(self.log_path), error=str(error))

    def _copy_log(self, earlier: Path) -> None:
        with replacing(earlier) as part, self.log_path.open("rb") as source, part.open("wb") as target:
            shutil.copyfileobj(source, target)

    def _close_log(self) -> None:
        if self._log is not None:
            self._log.close()
            self._log = None


def stop_together(children: Sequence[Child], deadline_s: float) -> None:
    """Ask all to stop, then wait for each; those that have not stopped `deadline_s` seconds later are killed."""
    deadline = time.monotonic() + deadline_s
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.stop(max(0.0, deadline - time.monotonic()))


def stop_on_eof() -> None:
    """
    Send this process SIGTERM when standard input ends, if the environment asks for it.

    The watching thread blocks in a read that only the supervisor's end can finish, so it cannot be joined and is the
    one daemon thread of the house: it holds nothing and writes nothing.
    """
    if os.environ.get(STOP_ON_EOF) != "1":
        return
    descriptor = sys.stdin.fileno()

    def watch() -> None:
        while os.read(descriptor, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="stop-on-eof", daemon=True).start()
