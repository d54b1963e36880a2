"""Stored: ``ETag`` and ``If-Match`` of what has a version, and the store's faults as answers."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from api.problems import Problem
from api.store.faults import StaleVersion, StoreError, UnknownRecord

_ETAG = re.compile(r'^("?)(\d{1,9})\1$')
Answers = Mapping[type[StoreError], tuple[int, str]]
"""Status and slug of the problem that a fault becomes."""
_USUAL: Answers = MappingProxyType({UnknownRecord: (404, "not-found"), StaleVersion: (412, "stale-version")})


def etag_of(version: int) -> str:
    """Return the ``ETag`` of a version."""
    return f'"{version}"'


def named_version(if_match: str | None, what: str) -> int:
    """Return the version that ``If-Match`` names, or answer 428 or 412; `what` it is of, with its article."""
    if if_match is None:
        raise Problem(428, "if-match-required", f"the header If-Match must hold the ETag of {what}")
    match = _ETAG.match(if_match)
    if match is None:
        raise Problem(412, "stale-version", f"If-Match must be the ETag of {what}, found {if_match[:40]}")
    return int(match[2])


@contextmanager
def store_faults(further: Answers = MappingProxyType({})) -> Iterator[None]:
    """Turn the store's faults into problems: `further` ones first, then what is unknown or has another version."""
    try:
        yield
    except StoreError as fault:
        for kind, (status, slug) in (*further.items(), *_USUAL.items()):
            if isinstance(fault, kind):
                raise Problem(status, slug, str(fault)) from fault
        raise
