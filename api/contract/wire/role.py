"""Roles in the loop (domain.md 6.2). An operator holds them as grants, each for a division."""

from enum import StrEnum


class LoopRole(StrEnum):
    """Who acts on a lead. The letters stand in the records."""

    ANALYSER = "A"
    """The system itself. Nobody is granted it."""
    DUTY = "D"
    """Duty officer at the video wall: proposes whether a lead is real."""
    VERIFIER = "V"
    """Verifier: confirms or rejects what the duty officer proposes."""
    EVIDENCE = "E"
    """Evidence officer: fixes the evidence."""
    DISPATCHER = "P"
    """Dispatcher: gives the lead to a team."""
    INSPECTOR = "O"
    """Enforcement officer: inspects, on site or from the office."""
    LEGAL = "R"
    """Legal reviewer: files and decides cases."""
    HEAD = "M"
    """Head of unit: approves, evaluates, closes, opens again."""
    PARTNER = "X"
    """Partner unit, such as city management or traffic police."""
    COMPANY = "C"
    """The enterprise concerned."""


ROLE_EN = {
    LoopRole.ANALYSER: "system",
    LoopRole.DUTY: "duty officer",
    LoopRole.VERIFIER: "verifier",
    LoopRole.EVIDENCE: "evidence officer",
    LoopRole.DISPATCHER: "dispatcher",
    LoopRole.INSPECTOR: "enforcement officer",
    LoopRole.LEGAL: "legal reviewer",
    LoopRole.HEAD: "head of unit",
    LoopRole.PARTNER: "partner unit",
    LoopRole.COMPANY: "company",
}

SYSTEM = "system"
"""Who the records name for what the system does by itself."""

GRANTED = frozenset(LoopRole) - {LoopRole.ANALYSER}
"""Roles that an operator can hold."""

SEPARATE = frozenset(
    {
        frozenset({LoopRole.DUTY, LoopRole.VERIFIER}),
        frozenset({LoopRole.VERIFIER, LoopRole.INSPECTOR}),
    }
)
"""Pairs of roles that one person must not hold on the same lead."""
