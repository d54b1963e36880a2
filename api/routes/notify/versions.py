"""Versions: ``If-Match`` of what may be new, and the store's faults as answers."""

from functools import partial
from typing import Annotated

from fastapi import Header

from api.problems import Problem
from api.routes.stored import etag_of, store_faults
from api.store.faults import IllegalMove, RecordConflict, WrongValue

IfMatch = Annotated[str | None, Header(description="the ETag as you read it; none for what is new")]


def check_match(if_match: str | None, version: int | None, what: str) -> None:
    """Raise `Problem` unless `if_match` names the version that is stored; what is new has none and needs none."""
    if version is None:
        if if_match is not None:
            raise Problem(412, "stale-version", f"there is no {what} any more: leave If-Match out to make it anew")
        return
    if if_match is None:
        raise Problem(428, "if-match-required", f"{what} is there: the header If-Match must hold its ETag")
    if if_match != etag_of(version):
        raise Problem(412, "stale-version", f"{what} has changed since you read it: its ETag is {etag_of(version)}")


notify_faults = partial(
    store_faults,
    {
        WrongValue: (422, "invalid-input"),
        RecordConflict: (409, "in-use"),
        IllegalMove: (409, "illegal-transition"),
    },
)
"""Turns the store's faults on rules, channels and messages into problems."""
