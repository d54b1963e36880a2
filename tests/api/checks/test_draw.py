"""The draw: the same seed gives the same result, written again here by the published rule."""

import hashlib
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.contract.checks.draw import draw

POOL = {"A": 4, "B": 2, "C": 1, "D": 1}
OFFICERS = ["11-0001", "11-0002", "11-0003", "11-0004", "11-0005"]


def test_a_draw_by_hand() -> None:
    """The first enterprise is where SHA-256("seed:0") modulo 8 falls in the running sum of weights."""
    number = int(hashlib.sha256(b"20261203 123456:0").hexdigest(), 16) % 8
    first = "AAAABBCD"[number]
    assert draw("20261203 123456", POOL, 1, OFFICERS, 2)[0][0] == first


@settings(max_examples=50)
@given(st.text(min_size=8, max_size=20), st.integers(1, 6), st.permutations(OFFICERS))
def test_a_draw_is_reproducible_and_takes_nobody_twice(seed: str, count: int, officers: list[str]) -> None:
    """Order of the input does not matter; no enterprise twice; no officer twice in a team, all before any again."""
    seed = seed.encode("utf-8", "replace").decode()
    found = draw(seed, POOL, count, officers, 2)
    assert found == draw(seed, dict(reversed(POOL.items())), count, sorted(officers), 2)
    enterprises = [uscc for uscc, _ in found]
    assert len(set(enterprises)) == len(enterprises) == min(count, len(POOL))
    assert all(len(set(team)) == 2 for _, team in found)
    assert len({officer for _, team in found[:2] for officer in team}) == 2 * len(found[:2])


def test_weights_count() -> None:
    """Over many seeds an enterprise of weight 4 comes first four times as often as one of weight 1."""
    first = Counter(draw(f"published {number}", POOL, 1, OFFICERS, 2)[0][0] for number in range(4000))
    assert {key: round(first[key] / 500) for key in POOL} == POOL


def test_too_few_officers_are_no_team() -> None:
    """A pool of officers smaller than a team is refused."""
    with pytest.raises(ValueError, match="cannot be teams of 2"):
        draw("published 1", POOL, 1, ["11-0001", "11-0001"], 2)
