"""
Clients of the bus, each with a bound on how long it holds up its thread: redis-py's own defaults try an order ten times
and each connection for it ten times more, which is minutes where a bus accepts and does not answer.
"""

from dataclasses import dataclass

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

_PAUSE_S = 0.5
_PAUSE_MOST_S = 1.0


@dataclass(frozen=True, slots=True)
class Patience:
    """
    How long a client waits.

    Attributes:
        timeout_s: for a connection, and for an answer.

        retries: how often what fails is tried again, and each connection for it, with pauses of up to a second.
    """

    timeout_s: float
    retries: int = 0


NEWEST = Patience(5.0)
"""For tiles, states and reviews: what the bus does not take is said anew, newer."""

ORDERED = Patience(3.0, 2)
"""For orders under way: they outlive a bus that is started again, and keep a worker from ending for 30 s at most."""


def open_bus(url: str, patience: Patience) -> redis.Redis:
    """Return a client of the bus at `url`, not connected yet; it closes as a context manager."""
    return redis.Redis.from_url(
        url,
        socket_timeout=patience.timeout_s,
        socket_connect_timeout=patience.timeout_s,
        retry=Retry(ExponentialBackoff(cap=_PAUSE_MOST_S, base=_PAUSE_S / 2), patience.retries),
    )
