"""Register: reads from the bus what the API tells of enterprises and alert orders, every few seconds."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import cast

import redis
import structlog
from pydantic import ValidationError

from api.contract import bus
from api.contract.register.told import AlertStanding, EnterpriseStanding, RegisterStanding
from vision.config.alerts import AlertConfig
from vision.config.enterprises import EnterpriseConfig
from vision.config.worker import WorkerConfig

log = structlog.get_logger(__name__)

EVERY_S = 5.0
"""Seconds between two reads; a change reaches the rules within this and the API's own period."""


class RegisterReader:
    """Passes what the bus tells of the register to `adopt` where it differs from the last that was passed."""

    def __init__(self, client: redis.Redis, adopt: Callable[[RegisterStanding], None]) -> None:
        self._redis = client
        self._adopt = adopt
        self._marker: bytes | None = None
        self._at = float("-inf")

    def look(self, now: float) -> None:
        """
        Read it where that is due at `now`, monotonic seconds; raise `redis.RedisError`.

        A bus that has lost it, or tells what cannot be read, changes nothing.
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
        try:
            told = RegisterStanding.model_validate_json(text)
        except ValidationError as fault:
            log.warning("register cannot be read", errors=fault.error_count())
        else:
            self._adopt(told)
            log.info("register read", enterprises=len(told.enterprises), alerts=len(told.alerts))
        self._marker = marker


def open_register(client: redis.Redis, own: WorkerConfig, adopt: Callable[[RegisterStanding], None]) -> RegisterReader:
    """Return the reader of the register, which has looked once: cameras are better not judged twice at the start."""
    if own.enterprises or own.alerts:
        log.warning("enterprises and alerts of the configuration belong in the register, 0.2 will refuse them here")
    reader = RegisterReader(client, adopt)
    with suppress(redis.RedisError):  # the reporter looks again
        reader.look(time.monotonic())
    return reader


def with_register(own: WorkerConfig, told: RegisterStanding) -> WorkerConfig:
    """
    Return a worker's own configuration with the register laid over it.

    An enterprise of the register comes before the configuration's of the same code, but for its confirmed violations,
    which the register does not tell yet; alert orders of both are in force.
    """
    confirmed = {each.uscc: each.confirmed for each in own.enterprises}
    ours = {each.uscc: each for each in own.enterprises}
    theirs = {each.uscc: _enterprise(each, confirmed.get(each.uscc, ())) for each in told.enterprises}
    return own.model_copy(
        update={
            "enterprises": tuple((ours | theirs).values()),
            "alerts": (*own.alerts, *(_alert(each) for each in told.alerts)),
        }
    )


def _enterprise(told: EnterpriseStanding, confirmed: tuple[object, ...]) -> EnterpriseConfig:
    listed = told.positive_list
    values = {
        "uscc": told.uscc,
        "name": told.name,
        "risk": told.risk,
        "exempt_measures": told.exempt_measures,
        "confirmed": confirmed,
        "registry_version": told.registry_version,
        "positive_list": None
        if listed is None
        else {"from": listed.valid_from, "to": listed.valid_to, "version": listed.version},
    }
    return EnterpriseConfig.model_validate(values)


def _alert(told: AlertStanding) -> AlertConfig:
    return AlertConfig.model_validate(told.model_dump(by_alias=True))
