"""
Reason codes: what is usually given as the reason of a move, in both languages. Any other code can be given too.

Which codes go with a move is said here alone; the API serves them (``GET /v1/leads/{id}/moves``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from api.contract.loop.moves import Content, Move
from api.contract.wire.state import LeadState


@dataclass(frozen=True, slots=True)
class ReasonWords:
    """A reason code and what it says."""

    code: str
    zh: str
    en: str


_WORDS = {
    each.code: each
    for each in (
        ReasonWords("smoke_seen", "烟气清楚可见", "smoke is clearly seen"),
        ReasonWords("fire_seen", "明火清楚可见", "flames are clearly seen"),
        ReasonWords("dust_seen", "扬尘清楚可见", "dust is clearly seen"),
        ReasonWords("over_limit", "读数超过限值", "over the limit"),
        ReasonWords("uncovered", "未苫盖或未密闭", "uncovered"),
        ReasonWords("steam", "水汽", "steam"),
        ReasonWords("cloud", "云、雾", "cloud or fog"),
        ReasonWords("light", "光影、反光", "light or reflection"),
        ReasonWords("vehicle", "车辆尾气或扬尘", "vehicles"),
        ReasonWords("insect", "虫、雨滴、镜头脏污", "insect, drop or dirt"),
        ReasonWords("not_violation", "情况属实但不违法", "real, but no violation"),
        ReasonWords("duplicate", "重复线索", "duplicate"),
        ReasonWords("within_limits", "在限值以内", "within limits"),
        ReasonWords("corrected", "到场前已整改", "corrected before the visit"),
        ReasonWords("not_found", "现场未发现", "not found on site"),
        ReasonWords("other", "其他", "other"),
    )
}
_BY_END = {
    LeadState.VERIFIED: ("smoke_seen", "fire_seen", "dust_seen", "over_limit", "uncovered", "other"),
    LeadState.REJECTED_FALSE: (
        "steam",
        "cloud",
        "light",
        "vehicle",
        "insect",
        "duplicate",
        "not_violation",
        "other",
    ),
    LeadState.NOT_CONFIRMED: ("not_found", "within_limits", "corrected", "not_violation", "other"),
    LeadState.CLOSED: ("not_found", "within_limits", "corrected", "not_violation", "duplicate", "other"),
}

REASON_CODES: Mapping[LeadState, tuple[ReasonWords, ...]] = MappingProxyType(
    {state: tuple(_WORDS[code] for code in codes) for state, codes in _BY_END.items()}
)
"""The codes of moves to a state."""


def reason_codes_of(move: Move | None) -> tuple[ReasonWords, ...]:
    """Return the codes that fit a move; none for one that takes no code, or for which no code is usual."""
    if move is None or Content.REASON_CODE not in (*move.requires, *move.offers):
        return ()
    return REASON_CODES.get(move.to, ())
