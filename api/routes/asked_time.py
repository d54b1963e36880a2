"""A time as it is asked for in a query."""

import re
from typing import Annotated

from pydantic import BeforeValidator

from api.contract.wire.moment import UtcTime

_LOST_PLUS = re.compile(r"(?<=\d) (?=\d{2}:?\d{2}$)")


def _with_plus(asked: object) -> object:
    """Put back the plus of ``+08:00``, which a query that is not percent-encoded brings as a space."""
    return _LOST_PLUS.sub("+", asked) if isinstance(asked, str) and "T" in asked.upper() else asked


AskedTime = Annotated[UtcTime, BeforeValidator(_with_plus)]
