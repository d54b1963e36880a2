"""Verdicts: whether people found a lead to be real, by the last of its moves that decides so (domain.md 6.2)."""

from collections.abc import Iterable, Mapping
from functools import reduce
from types import MappingProxyType

from api.contract.review import Verdict
from api.contract.wire.state import LeadState

_DECISIVE: Mapping[str, Verdict | None] = MappingProxyType(
    {
        LeadState.PENDING_VERIFY: None,
        LeadState.VERIFIED: Verdict.REAL,
        LeadState.REJECTED_FALSE: Verdict.FALSE,
        LeadState.CONFIRMED: Verdict.REAL,
    }
)
"""
The verdict by entered states: a lead that waits for verification, even again, is undecided. Other states keep it
as it was: a lead that is dispatched, closed or archived is what it was found to be before.
"""


def verdict_after(before: Verdict | None, state: str) -> Verdict | None:
    """Return the verdict on a lead that enters a state; ``None``: undecided."""
    return _DECISIVE.get(state, before)


def verdict_of(states: Iterable[str]) -> Verdict | None:
    """Return the verdict on a lead that entered these states one after the other; ``None``: undecided."""
    undecided: Verdict | None = None
    return reduce(verdict_after, states, undecided)


def is_decisive(state: str) -> bool:
    """Whether entering a state is a person's finding that a lead is real, or false."""
    return _DECISIVE.get(state) is not None
