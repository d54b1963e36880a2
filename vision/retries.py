"""Retries: which of the API's answers are worth another attempt, and how long to wait before it."""

from dataclasses import dataclass

RETRIED = frozenset({408, 425, 429})
"""
Client errors that pass by themselves (docs/architecture.md, "The path of a frame, and of a lead", step 9). Every 5xx is
retried too.
"""
UNAUTHORISED = frozenset({401, 403})
"""The worker's key is wrong: true of every lead and cured by an operator; the outbox complains and parks nothing."""
ELSEWHERE = frozenset({404, 405})
"""What answers is not the API, which takes every lead there: a proxy with another path, or none behind it (0062)."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses between attempts: `first_s` doubled up to `most_s`, each multiplied by a random 0.5 to 1."""

    first_s: float = 1.0
    most_s: float = 60.0

    def pause_s(self, attempts: int, chance: float) -> float:
        """Return the pause after `attempts` failures; `chance` is uniform in [0, 1)."""
        return min(self.most_s, self.first_s * 2.0 ** min(attempts - 1, 30)) * (0.5 + chance / 2)


BACKOFF = Backoff()
"""What the worker waits between attempts."""
