"""
Draw: who is checked and by whom, by a published seed, so that anybody can draw again (domain.md 6.1, S6).

Numbers come from SHA-256 in counter mode: the n-th is ``SHA-256(seed ":" n)`` as an unsigned big-endian integer, n in
decimal from 0. A number below 2^256 - (2^256 mod total) is taken modulo the total, a larger one is skipped, so that
nothing is favoured. Enterprises come in the order of their codes, each with a whole weight; one is taken where the
number falls in the running sum of weights, and leaves the pool. Then for each enterprise officers are taken the same
way from the pool of officers by certificate number, each of weight 1; the pool is filled again when it is too small for
a team.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Annotated

from pydantic import Field

from api.contract.fields import Line, Name, Word
from api.contract.register.entry import CodeItem, RegisterKey, Uscc
from api.contract.wire.document import Wire
from api.contract.wire.identifiers import Sha256
from api.contract.wire.moment import UtcTime

MOST_POOL = 20_000
MOST_DRAWN = 1_000
_RANGE = 1 << 256
Weight = Annotated[int, Field(ge=1, le=1000)]
Seed = Annotated[str, Field(min_length=8, max_length=256, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$")]


class DrawRequest(Wire):
    """A draw is asked for. Its pools are those of the register as it stands."""

    id: RegisterKey
    seed: Seed = Field(description="published before the draw, e.g. the numbers of a lottery of a named day")
    seed_source: Line = Field(min_length=1, description="where and when the seed was published")
    count: int = Field(ge=1, le=MOST_DRAWN, description="enterprises to draw")
    officers_each: int = Field(2, ge=2, le=8, description="officers for each enterprise")
    division: str = Field("", max_length=12, pattern=r"^[0-9]*$", description="only enterprises of these divisions")
    industry: Name = Field("", description="only enterprises of this industry")
    weights: dict[CodeItem, Weight] = Field(
        default_factory=lambda: {"red": 4, "yellow": 2, "green": 1, "none": 2},
        max_length=4,
        description="weight by risk colour: red, yellow, green, none; a colour without one is not drawn",
    )
    items: list[Line] = Field(default_factory=list, max_length=64, description="what is to be checked")
    units: list[RegisterKey] = Field(default_factory=list, max_length=16, description="units of a joint check")


class Pooled(Wire):
    """An enterprise in the pool."""

    uscc: Uscc
    weight: Weight


class Drawn(Wire):
    """An enterprise that was drawn, with its officers."""

    uscc: Uscc
    name: Name = ""
    officers: list[RegisterKey] = Field(max_length=8)


class Draw(DrawRequest):
    """A draw with its pools as they stood; it never changes."""

    made_at: UtcTime
    made_by: Name
    registry_version: Word = ""
    pool: list[Pooled] = Field(max_length=MOST_POOL)
    officers: list[RegisterKey] = Field(max_length=MOST_POOL)
    pool_sha256: Sha256 = Field(description="of the pools as canonical JSON")
    drawn: list[Drawn] = Field(max_length=MOST_DRAWN)


def draw(
    seed: str, pool: Mapping[str, int], count: int, officers: Sequence[str], officers_each: int
) -> list[tuple[str, list[str]]]:
    """
    Return the enterprises that are drawn, each with its officers, in the order of the draw.

    Args:
        seed: the published seed.

        pool: whole weights of at least 1, by USCC.

        count: how many; all where the pool is smaller.

        officers: certificate numbers.

        officers_each: officers for each; raise `ValueError` where there are fewer.
    """
    if len(set(officers)) < officers_each:
        raise ValueError(f"{len(set(officers))} officers cannot be teams of {officers_each}")
    numbers = _numbers(seed)
    taken = _take(numbers, dict(sorted(pool.items())), min(count, len(pool)))
    teams = []
    free: dict[str, int] = {}
    for uscc in taken:
        if len(free) < officers_each:
            free = dict.fromkeys(sorted(set(officers)), 1)
        team = _take(numbers, free, officers_each)
        free = {number: 1 for number in free if number not in team}
        teams.append((uscc, team))
    return teams


def _take(numbers: Iterator[int], pool: Mapping[str, int], count: int) -> list[str]:
    """Return `count` keys of the pool by their weights, without putting back."""
    left, total = dict(pool), sum(pool.values())
    taken = []
    for _ in range(count):
        at = next(number for number in numbers if number < _RANGE - _RANGE % total) % total
        sums = accumulate(left.values())
        key = next(key for key, until in zip(left, sums, strict=True) if at < until)
        taken.append(key)
        total -= left.pop(key)
    return taken


def _numbers(seed: str) -> Iterator[int]:
    counter = 0
    while True:
        yield int.from_bytes(hashlib.sha256(f"{seed}:{counter}".encode()).digest(), "big")
        counter += 1
