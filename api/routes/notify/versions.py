"""Versions: ``If-Match`` of what may be new, and the store's faults as answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Header

from api.problems import Problem
from api.store.faults import IllegalMove, RecordConflict, UnknownRecord, WrongValue

IfMatch = Annotated[str | None, Header(description="the ETag as you read it; none for what is new")]


def etag_of(version: int) -> str:
    """Return the ``ETag`` of a version."""
    return f'"{version}"'


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


@contextmanager
def store_faults() -> Iterator[None]:
    """Turn the store's faults into problems."""
    try:
        yield
    except UnknownRecord as fault:
        raise Problem(404, "not-found", str(fault)) from fault
    except WrongValue as fault:
        raise Problem(422, "invalid-input", str(fault)) from fault
    except RecordConflict as fault:
        raise Problem(409, "in-use", str(fault)) from fault
    except IllegalMove as fault:
        raise Problem(409, "illegal-transition", str(fault)) from fault
