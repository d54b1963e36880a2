"""Priority: the points of a lead's score and the class of the score (domain.md 6.5), for workers and the API alike."""

from api.contract.register.enterprise import Risk
from api.contract.wire.lead import LeadFactor
from api.contract.wire.state import Priority

COLOUR_POINTS = {Risk.RED: 30, Risk.YELLOW: 15, Risk.GREEN: 0, Risk.NONE: 0}
LISTED_POINTS = -10
ALERT_POINTS = 20
CONFIRMED_POINTS = 5
MOST_CONFIRMED_POINTS = 15
_P1, _P2 = 70, 40


def priority_of(score: int) -> Priority:
    """Return the class of a score: P1 from 70, P2 from 40."""
    return Priority.P1 if score >= _P1 else Priority.P2 if score >= _P2 else Priority.P3


def score_of(factors: list[LeadFactor]) -> int:
    """Return the score of all factors, at least 0."""
    return max(0, sum(factor.points for factor in factors))


def standing_factor(risk: Risk, *, is_listed: bool) -> LeadFactor:
    """Return the factor of an enterprise's colour, or of its place on the positive list, at the event's moment."""
    if is_listed:
        return LeadFactor(name="positive_list", points=LISTED_POINTS)
    return LeadFactor(name="risk", points=COLOUR_POINTS[risk], says=risk.value)


def alert_factor(level: str) -> LeadFactor:
    """Return the factor of the heavy-pollution alert in force at the event's moment; an empty level: none."""
    return LeadFactor(name="alert", points=ALERT_POINTS if level else 0, says=level)


def confirmed_factor(count: int) -> LeadFactor:
    """Return the factor of the enterprise's confirmed violations in the 12 months before."""
    points = min(MOST_CONFIRMED_POINTS, CONFIRMED_POINTS * count)
    return LeadFactor(name="confirmed", points=points, says=str(count))
