"""Shares of cameras, and who hands one over to whom."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.contract.wire.worker import WorkerReport
from vision.cluster.balance import fair_share, receiver

SINCE = datetime(2026, 11, 24, tzinfo=UTC)


def worker(name: str, held: int, capacity: int, *, draining: bool = False) -> WorkerReport:
    """A worker's report."""
    return WorkerReport(name=name, member=name, since=SINCE, held=held, capacity=capacity, draining=draining)


def test_nobody_has_a_share_of_nothing() -> None:
    """Without reports, cameras or capacity no share is more than none."""
    assert fair_share("a", [], 10) == 0
    assert fair_share("a", [worker("a", 0, 5)], 0) == 0
    assert fair_share("a", [worker("a", 0, 0)], 10) == 0


@pytest.mark.parametrize(
    ("total", "capacities", "shares"),
    [
        (9, [96, 96, 96], [3, 3, 3]),
        (10, [96, 96, 96], [4, 4, 4]),
        (9, [96], [9]),
        (100, [32, 96], [25, 75]),
        (100, [10, 20], [10, 20]),
    ],
)
def test_shares_follow_capacity(total: int, capacities: list[int], shares: list[int]) -> None:
    """Each has its part of the whole capacity, rounded up, and never more than it can do."""
    reports = [worker(str(i), 0, capacity) for i, capacity in enumerate(capacities)]
    assert [fair_share(report.member, reports, total) for report in reports] == shares


def test_one_that_drains_has_no_share_and_receives_nothing() -> None:
    """Who is about to go counts for nothing."""
    reports = [worker("a", 4, 10), worker("b", 0, 10, draining=True)]
    assert (fair_share("a", reports, 4), fair_share("b", reports, 4)) == (4, 0)
    assert receiver("a", reports) is None


@pytest.mark.parametrize(
    ("reports", "moves"),
    [
        ([], {}),
        ([worker("a", 5, 10)], {"a": None}),
        ([worker("a", 3, 9), worker("b", 3, 9), worker("c", 0, 9)], {"a": "c", "b": None, "c": None}),
        ([worker("a", 3, 9), worker("b", 2, 9)], {"a": None, "b": None}),
        ([worker("a", 3, 9), worker("b", 1, 9)], {"a": "b"}),
        ([worker("a", 9, 9), worker("b", 4, 4)], {"a": None, "b": None}),
        ([worker("a", 8, 8), worker("b", 10, 64)], {"a": "b"}),
        ([worker("a", 3, 0), worker("b", 0, 9)], {"a": "b"}),
    ],
)
def test_the_fullest_hands_over_to_the_emptiest(reports: list[WorkerReport], moves: dict[str, str | None]) -> None:
    """Only the fullest worker moves a camera, only where it is not emptier than the other afterwards."""
    assert {member: receiver(member, reports) for member in moves} == moves


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 40)), min_size=1, max_size=6))
def test_handing_over_comes_to_an_end(workers: list[tuple[int, int]]) -> None:
    """From any distribution, one move at a time, there is a state from which nobody hands over any more."""
    held = [min(many, capacity) for many, capacity in workers]
    for _ in range(400):
        reports = [worker(f"w{i}", held[i], capacity) for i, (_, capacity) in enumerate(workers)]
        moves = [(giver, to) for giver in reports if (to := receiver(giver.member, reports)) is not None]
        assert len(moves) <= 1
        if not moves:
            return
        held[int(moves[0][0].member[1:])] -= 1
        held[int(moves[0][1][1:])] += 1
    raise AssertionError(f"cameras go round for ever: {held}")
