"""
Orders: what the bus asks that a worker carries out beside its cameras, one at a time, in a child process each.

A child can be ended at any moment and takes only the time that nothing else wants. What is ordered lies on the bus as
one hash with a report beside the order; where the order is gone nobody wants the work any more.
"""

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import redis
import structlog
from redis.typing import EncodableT, FieldT

log = structlog.get_logger(__name__)

IDLE_S = 1.0
"""Between two looks for an order; whoever ordered waits so long at most."""

TELL_S = 0.5
"""Between two reports, and between two looks whether the work is still wanted."""


class OrderThread:
    """
    Takes orders, one after the other, from `start` to `stop`.

    Args:
        name: of the thread, as it stands in the log.

        take_turn: looks for an order and carries it out; what it raises is logged, and the worker goes on.

    Attributes:
        stopping: set once the order under way is to be given up.
    """

    def __init__(self, name: str, take_turn: Callable[[], None]) -> None:
        self.stopping = threading.Event()
        self._take_turn = take_turn
        self._thread = threading.Thread(target=self._run, name=name)

    def start(self) -> None:
        """Start taking orders."""
        self._thread.start()

    def stop(self, deadline_s: float) -> None:
        """Give up the order under way and end."""
        self.stopping.set()
        self._thread.join(deadline_s)

    def _run(self) -> None:
        while not self.stopping.wait(IDLE_S):
            try:
                self._take_turn()
            except redis.RedisError as error:
                log.debug("errands wait for the bus", errands=self._thread.name, error=str(error))
            except Exception:
                log.exception("errand failed; the worker goes on", errands=self._thread.name)


@contextmanager
def child_process(name: str, body: Callable[..., None], *args: object) -> Iterator[Connection]:
    """Run ``body(*args, connection)`` in a child and give what it says; however this ends, the child ends with it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=body, args=(*args, theirs), name=name, daemon=True)
    child.start()
    theirs.close()
    try:
        yield ours
    finally:
        child.join(timeout=0.2)
        if child.is_alive():
            child.kill()
            child.join()
        child.close()
        ours.close()


def heard(connection: Connection) -> Iterator[Any]:
    """Yield what the child says within `TELL_S`; raises `EOFError` or `OSError` where it ended without a word."""
    until = time.monotonic() + TELL_S
    while connection.poll(max(0.0, until - time.monotonic())):
        yield connection.recv()
        if time.monotonic() > until:
            return


def write_report(bus_client: redis.Redis, key: str, fields: Mapping[FieldT, EncodableT], ttl_s: int) -> bool:
    """Write beside the order of `key`, which lives `ttl_s` longer; return False where it is gone."""
    if not bus_client.hexists(key, "order"):
        return False
    with bus_client.pipeline(transaction=True) as pipe:
        pipe.hset(key, mapping=dict(fields))
        pipe.expire(key, ttl_s)
        pipe.execute()
    return True
