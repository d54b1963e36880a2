"""Register: reads enterprises and alert orders from the bus, every few seconds."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import cast

import redis
import structlog

from api.contract import bus
from api.contract.register.standing import AlertStanding, EnterpriseStanding, RegisterStanding
from api.contract.shared_rows import SharedRows
from vision.config.alerts import AlertConfig
from vision.config.enterprises import EnterpriseConfig
from vision.config.worker import WorkerConfig

log = structlog.get_logger(__name__)

EVERY_S = 5.0
"""Seconds between two reads; a change reaches the rules within this and the API's own period."""


class RegisterReader:
    """Passes the register to `adopt` when its marker on the bus has changed."""

    def __init__(self, client: redis.Redis, adopt: Callable[[RegisterStanding], None]) -> None:
        self._redis = client
        self._adopt = adopt
        self._rows = SharedRows()
        self._marker: bytes | None = None
        self._at = float("-inf")

    def look(self, now: float) -> None:
        """
        Read it where that is due at `now`, monotonic seconds; raise `redis.RedisError`.

        A bus that has lost it, or holds what cannot be read, changes nothing.
        """
        if now < self._at:
            return
        self._at = now + EVERY_S
        if self._redis.hget(bus.REGISTER, bus.REGISTER_MARKER) in {None, self._marker}:
            return
        fields = [bus.REGISTER_MARKER, bus.REGISTER_WHOLE]
        marker, text = cast("list[bytes | None]", self._redis.hmget(bus.REGISTER, fields))
        if marker is None or text is None:
            return
        standing = self._rows.read("register", RegisterStanding.model_validate_json, bus.REGISTER, text)
        if standing is not None:
            self._adopt(standing)
            log.info("register read", enterprises=len(standing.enterprises), alerts=len(standing.alerts))
        self._marker = marker


def open_register(client: redis.Redis, own: WorkerConfig, adopt: Callable[[RegisterStanding], None]) -> RegisterReader:
    """Return the reader of the register, which has looked once: cameras are better not judged twice at the start."""
    if own.enterprises or own.alerts:
        log.warning("enterprises and alerts of the configuration belong in the register, 0.2 will refuse them here")
    reader = RegisterReader(client, adopt)
    with suppress(redis.RedisError):  # the reporter looks again
        reader.look(time.monotonic())
    return reader


def with_register(own: WorkerConfig, standing: RegisterStanding) -> WorkerConfig:
    """
    Return a worker's own configuration with the register laid over it.

    An enterprise of the register replaces the configuration's of the same code, except for `confirmed`, which the
    register does not hold; alert orders of both are in force.
    """
    confirmed = {each.uscc: each.confirmed for each in own.enterprises}
    ours = {each.uscc: each for each in own.enterprises}
    theirs = {each.uscc: _enterprise(each, confirmed.get(each.uscc, ())) for each in standing.enterprises}
    return own.model_copy(
        update={
            "enterprises": tuple((ours | theirs).values()),
            "alerts": (*own.alerts, *(_alert(each) for each in standing.alerts)),
        }
    )


def _enterprise(standing: EnterpriseStanding, confirmed: tuple[object, ...]) -> EnterpriseConfig:
    listed = standing.positive_list
    values = {
        "uscc": standing.uscc,
        "name": standing.name,
        "risk": standing.risk,
        "exempt_measures": standing.exempt_measures,
        "confirmed": confirmed,
        "registry_version": standing.registry_version,
        "positive_list": None
        if listed is None
        else {"from": listed.valid_from, "to": listed.valid_to, "version": listed.version},
    }
    return EnterpriseConfig.model_validate(values)


def _alert(standing: AlertStanding) -> AlertConfig:
    return AlertConfig.model_validate(standing.model_dump(by_alias=True))
