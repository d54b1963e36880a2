"""Times and days as they are asked for in a query."""

import re
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator

from api.contract.wire.moment import UtcTime

_LOST_PLUS = re.compile(r"(?<=\d) (?=\d{2}:?\d{2}$)")


def _with_plus(asked: object) -> object:
    """Put back the plus of ``+08:00``, which a query that is not percent-encoded brings as a space."""
    return _LOST_PLUS.sub("+", asked) if isinstance(asked, str) and "T" in asked.upper() else asked


AskedTime = Annotated[UtcTime, BeforeValidator(_with_plus)]

_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")


def _written_out(asked: object) -> object:
    """Refuse what would be read as a number of seconds or days."""
    if isinstance(asked, str) and not _DAY.match(asked):
        raise ValueError("a day is written YYYY-MM-DD")
    return asked


AskedDay = Annotated[date, BeforeValidator(_written_out)]
"""A local day as it is asked for."""
