"""Clients of the bus, each with a bound on how long it holds up its thread."""

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT_S = 5.0
"""Usual patience with a connection and with an answer: for what is said anew, newer, where the bus does not take it."""


def open_bus(url: str, timeout_s: float = TIMEOUT_S) -> redis.Redis:
    """
    Return a client of the bus at `url`, not connected yet; it closes as a context manager.

    It waits `timeout_s` for a connection and as long for an answer, and tries nothing twice: whoever calls decides when
    to try again. That is `from_url`'s default in redis-py 8, and not `Redis`', which tries ten times; so it is said.
    """
    return redis.Redis.from_url(
        url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, retry=Retry(NoBackoff(), 0)
    )
