"""
Broker: the API's connection to the bus (`api.contract.bus` names its keys).

The bus may be away: every call raises `BusDown` then, routes answer 503 and background loops try again with back-off.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Collection, Iterator
from typing import cast

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from api.contract.bus import EVENTS_BELL
from api.contract.shared_rows import SharedRows
from api.store.database import StoreFullError

log = structlog.get_logger(__name__)

BACK_OFF_S = (0.5, 3.0)
"""Shortest and longest pause of a task that waits for the bus: workers wait for the cameras it will put there."""

CHECK_S = 1.0
"""A bus that has not answered by then counts as away: `/readyz` must answer soon."""
Entry = tuple[str, dict[str, bytes]]
"""A stream entry: its id and its fields."""


class BusDown(Exception):  # noqa: N818
    """The bus does not answer."""


class Broker:
    """
    A connection to Redis or Valkey that reconnects by itself, and the bell that wakes readers of events.

    Attributes:
        rows: reads rows on the bus that workers or other versions wrote.
    """

    def __init__(self, url: str, rows: SharedRows | None = None) -> None:
        self.rows = rows or SharedRows()
        self.redis: Redis = Redis.from_url(
            url, socket_timeout=10, socket_connect_timeout=3, retry=Retry(NoBackoff(), 1), max_connections=512
        )
        self._bell = asyncio.Event()

    async def close(self) -> None:
        """Close all connections."""
        await self.redis.aclose()

    async def check(self) -> None:
        """Raise `BusDown` if the bus does not answer within `CHECK_S`."""
        with bus_faults():
            ping = asyncio.ensure_future(self.redis.ping())
            # `wait_for` would wait for the end of what it cancels, and redis-py swallows that while it connects.
            answered, _ = await asyncio.wait({ping}, timeout=CHECK_S)
            if not answered:
                ping.add_done_callback(lambda late: late.cancelled() or late.exception())
                ping.cancel()
                raise TimeoutError
            await ping

    async def get(self, key: str) -> bytes | None:
        """Return a string."""
        with bus_faults():
            return cast("bytes | None", await self.redis.get(key))

    async def get_hash(self, key: str) -> dict[str, bytes]:
        """Return a hash's fields, empty when it is not there."""
        with bus_faults():
            fields = await cast("Awaitable[dict[bytes, bytes]]", self.redis.hgetall(key))
        return {name.decode(): value for name, value in fields.items()}

    async def get_matching(self, pattern: str) -> dict[str, bytes]:
        """Return all strings with a key that matches a pattern."""
        with bus_faults():
            keys = [key async for key in self.redis.scan_iter(match=pattern, count=1000)]
            values = cast("list[bytes | None]", await self.redis.mget(keys)) if keys else []
        return {key.decode(): value for key, value in zip(keys, values, strict=True) if value is not None}

    async def set_for(self, key: str, seconds: int) -> None:
        """Set a key that expires after ``seconds``."""
        with bus_faults():
            await self.redis.set(key, b"1", ex=seconds)

    async def read_stream(self, key: str, after: str, *, count: int, block_ms: int) -> list[Entry]:
        """Return up to ``count`` entries after an id, waiting up to ``block_ms`` for the first."""
        with bus_faults():
            answer = await self.redis.xread({key: after}, count=count, block=block_ms)
        return [entry for entries in _streams(answer) for entry in entries]

    async def read_back(self, key: str, before: str, *, count: int) -> list[Entry]:
        """Return up to ``count`` entries before an id (``+``: from the newest), newest first."""
        with bus_faults():
            answer = await self.redis.xrevrange(key, max=before if before == "+" else f"({before}", count=count)
        return [_entry(entry) for entry in cast("list[object]", answer or [])]

    async def read_group(self, key: str, group: str, name: str, *, count: int, block_ms: int) -> list[Entry]:
        """Return entries that no member of the group has read, waiting up to ``block_ms`` for the first."""
        with bus_faults():
            answer = await self.redis.xreadgroup(group, name, {key: ">"}, count=count, block=block_ms)
        return [entry for entries in _streams(answer) for entry in entries]

    async def claim_entries(self, key: str, group: str, name: str, idle_ms: int, count: int) -> list[Entry]:
        """Return entries that this member has not acknowledged, and those another has left for ``idle_ms``."""
        with bus_faults():
            own = await self.redis.xreadgroup(group, name, {key: "0"}, count=count)
            claimed = cast("list[list[object]]", await self.redis.xautoclaim(key, group, name, idle_ms, count=count))
        return [entry for entries in _streams(own) for entry in entries] + [_entry(entry) for entry in claimed[1]]

    async def ring(self) -> None:
        """Wake readers of events in this process and the others; away or not, readers look by themselves too."""
        self.ring_here()
        with contextlib.suppress(RedisError, OSError):
            await self.redis.publish(EVENTS_BELL, b"1")

    def ring_here(self) -> None:
        """Wake readers of events in this process."""
        bell, self._bell = self._bell, asyncio.Event()
        bell.set()

    @property
    def bell(self) -> asyncio.Event:
        """What the next ring sets; take it before looking for events, then `wait_for_bell`, and no ring is missed."""
        return self._bell

    async def hear_bells(self) -> None:
        """Pass on the bells of other processes until cancelled; to be run by `keep_running`."""
        async with self.redis.pubsub() as pubsub:
            await pubsub.subscribe(EVENTS_BELL)
            while True:
                if await pubsub.get_message(ignore_subscribe_messages=True, timeout=5.0) is not None:
                    self.ring_here()


async def wait_for_bell(bell: asyncio.Event, seconds: float) -> None:
    """Return when the bell rings, or after ``seconds``."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(bell.wait(), seconds)


@contextlib.contextmanager
def bus_faults() -> Iterator[None]:
    """Turn what a client raises while the bus is away into `BusDown`."""
    try:
        yield
    except (RedisError, OSError) as fault:
        raise BusDown(f"the bus does not answer: {type(fault).__name__}") from fault


async def keep_running(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run ``work`` until cancelled; log each fault and try again with jittered back-off."""
    shortest, longest = BACK_OFF_S
    pause = shortest
    while True:
        started = asyncio.get_running_loop().time()
        try:
            await work()
        except StoreFullError as fault:
            log.error("background task waits for space", task=name, error=str(fault), retry_s=round(pause, 1))  # noqa: TRY400
        except (BusDown, RedisError, OSError) as fault:
            log.warning("bus away", task=name, error=str(fault), retry_s=round(pause, 1))
        except Exception:
            log.exception("background task failed", task=name, retry_s=round(pause, 1))
        if asyncio.get_running_loop().time() - started > longest:
            pause = shortest
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  (jitter)
        pause = min(longest, pause * 2)


async def stop_tasks(tasks: Collection[asyncio.Task[None]]) -> list[BaseException]:
    """
    Cancel tasks, wait for their end and return the faults they raised, cancellations excluded.

    Cancels again until each has ended: redis-py swallows a cancellation that meets it while it connects.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=0.5)
    faults = (task.exception() for task in tasks if not task.cancelled())
    return [fault for fault in faults if fault is not None]


def _streams(answer: object) -> list[list[Entry]]:
    """Return the entries of each stream in an XREAD answer, which is a list (RESP2) or a map (RESP3)."""
    if not answer:
        return []
    if isinstance(answer, dict):
        groups = [_unwrapped(entries) for entries in answer.values()]
    else:
        groups = [pair[1] for pair in cast("list[tuple[bytes, list[object]]]", answer)]
    return [[_entry(entry) for entry in entries] for entries in groups]


def _unwrapped(entries: list[object]) -> list[object]:
    """Return a stream's entries; redis-py wraps those of a RESP3 map in one more list."""
    return entries[0] if len(entries) == 1 and isinstance(entries[0], list) else entries


def _entry(entry: object) -> Entry:
    identity, fields = cast("tuple[bytes, dict[bytes, bytes]]", entry)
    return identity.decode(), {name.decode(): value for name, value in (fields or {}).items()}
