"""
Moves of a lead: which state it may go to from which, who moves it, what must be given and what must hold.

This table is the only copy (domain.md 6.2). The API serves it (``GET /v1/leads/{id}/moves``); the wall draws its
buttons and forms from that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from api.contract.wire.role import LoopRole
from api.contract.wire.state import LeadState

A, D, V, E = LoopRole.ANALYSER, LoopRole.DUTY, LoopRole.VERIFIER, LoopRole.EVIDENCE
P, INSPECTOR, R, M, X = LoopRole.DISPATCHER, LoopRole.INSPECTOR, LoopRole.LEGAL, LoopRole.HEAD, LoopRole.PARTNER


class Content(StrEnum):
    """Names of what a move may carry, as they stand in the request (`api.contract.wire.handling.MoveContent`)."""

    REVIEW = "review"
    REASON_CODE = "reason_code"
    TEAM = "team"
    OFFICERS = "officers"
    PLAN_MATCH = "plan_match"
    JOINT_UNITS = "joint_units"
    APPROVAL_REF = "approval_ref"
    CHECK_CODE = "check_code"
    EXPLANATION = "explanation"
    MEASUREMENT = "measurement"
    ATTACHMENTS = "attachments"
    UNIT = "unit"
    CRIME = "crime"
    RECEIPT = "receipt"
    DEADLINE = "deadline"
    CASE_NO = "case_no"
    DECISION_NO = "decision_no"
    PUBLICITY = "publicity"
    FEEDBACK = "feedback"
    ADVICE = "advice"


class Condition(StrEnum):
    """What the API itself checks before a move."""

    EVIDENCE_HOLDS = "evidence_holds"
    """The package verifies now, bears a time stamp and holds the clip from before the event."""
    WARN_ONLY_ALLOWED = "warn_only_allowed"
    """The disposition is a warning, and neither class nor severity rules that out (domain.md 6.5)."""
    APPROVED_IF_LISTED = "approved_if_listed"
    """A visit to an enterprise of the positive list has the approval of the head of unit."""
    CODE_VALID = "code_valid"
    """A check code for this lead is valid (domain.md 6.4)."""
    CODE_SCANNED = "code_scanned"
    """It was scanned on the site."""
    RECORD_FILED = "record_filed"
    """The record of the visit is among the attachments."""
    MEASURED_IF_SMOKE = "measured_if_smoke"
    """Smoke from a stack was measured by the standard method."""
    LEGAL_CONFIRMED = "legal_confirmed"
    """The legal section confirmed this row of the catalogue."""
    RECEIPT_NAMES_PACKAGE = "receipt_names_package"
    """The partner's receipt names the hash of the package that was handed over."""
    WATCHED = "watched"
    """The result was watched to the end of its days, and whether it happened again is known."""


@dataclass(frozen=True, slots=True)
class Move:
    """
    One way out of a state.

    Attributes:
        roles: who may make it; where `proposer` is set, who confirms it.

        proposer: role of the other person, who must propose it first (four eyes).

        requires: what must be given, besides the reason.

        offers: what may be given.

        conditions: what the API checks.
    """

    to: LeadState
    roles: frozenset[LoopRole]
    proposer: LoopRole | None = None
    requires: tuple[Content, ...] = ()
    offers: tuple[Content, ...] = (Content.REASON_CODE, Content.ATTACHMENTS)
    conditions: tuple[Condition, ...] = ()


def _move(to: LeadState, *roles: LoopRole, **rest: object) -> Move:
    return Move(to, frozenset(roles), **rest)  # type: ignore[arg-type]


_S = LeadState
_REASON = (Content.REASON_CODE,)
_CLOSING = (Content.FEEDBACK, Content.ADVICE)
_DISPATCH = _move(
    _S.DISPATCHED,
    P,
    E,
    requires=(Content.TEAM, Content.PLAN_MATCH),
    offers=(Content.OFFICERS, Content.JOINT_UNITS, Content.APPROVAL_REF, Content.REASON_CODE, Content.ATTACHMENTS),
    conditions=(Condition.APPROVED_IF_LISTED,),
)
_ON_SITE = _move(
    _S.ON_SITE,
    INSPECTOR,
    requires=(Content.CHECK_CODE,),
    offers=(Content.APPROVAL_REF, Content.REASON_CODE, Content.ATTACHMENTS),
    conditions=(Condition.APPROVED_IF_LISTED, Condition.CODE_VALID),
)
_TRANSFER = {
    "requires": (Content.UNIT,),
    "offers": (Content.CRIME, Content.REASON_CODE, Content.ATTACHMENTS),
}
_FILE = {
    "requires": (Content.CASE_NO,),
    "conditions": (Condition.LEGAL_CONFIRMED,),
}

MOVES: Mapping[LeadState, tuple[Move, ...]] = MappingProxyType(
    {
        _S.DETECTED: (_move(_S.CANDIDATE, A), _move(_S.AUTO_REJECTED, A)),
        _S.CANDIDATE: (_move(_S.PENDING_VERIFY, A), _move(_S.MERGED, A)),
        _S.MERGED: (),
        _S.AUTO_REJECTED: (_move(_S.PENDING_VERIFY, V),),
        _S.PENDING_VERIFY: (
            _move(_S.VERIFIED, V, proposer=D, requires=(Content.REVIEW, Content.REASON_CODE)),
            _move(_S.REJECTED_FALSE, V, proposer=D, requires=_REASON, offers=(Content.REVIEW, Content.ATTACHMENTS)),
            _move(_S.NEED_MORE, V, proposer=D, offers=(Content.REVIEW, Content.REASON_CODE, Content.ATTACHMENTS)),
        ),
        _S.NEED_MORE: (_move(_S.PENDING_VERIFY, D, A),),
        _S.REJECTED_FALSE: (_move(_S.ARCHIVED, V),),
        _S.VERIFIED: (
            _move(_S.EVIDENCE_FIXED, E, A, conditions=(Condition.EVIDENCE_HOLDS,)),
            _move(_S.WARN_ONLY, E, A, offers=(Content.DEADLINE,), conditions=(Condition.WARN_ONLY_ALLOWED,)),
        ),
        _S.WARN_ONLY: (_move(_S.RECTIFIED, INSPECTOR, E), _DISPATCH),
        _S.EVIDENCE_FIXED: (_DISPATCH, _move(_S.TRANSFERRED, E, P, **_TRANSFER)),
        _S.DISPATCHED: (
            _move(_S.ACCEPTED, INSPECTOR, P, offers=(Content.OFFICERS, Content.REASON_CODE, Content.ATTACHMENTS)),
            _move(_S.RETURNED, INSPECTOR, P),
        ),
        _S.RETURNED: (_DISPATCH, _move(_S.CLOSED, P, requires=_CLOSING)),
        _S.ACCEPTED: (_ON_SITE, _move(_S.NON_SITE_CHECK, INSPECTOR)),
        _S.NON_SITE_CHECK: (
            _move(_S.CONFIRMED, INSPECTOR, requires=(Content.EXPLANATION,)),
            _move(_S.NOT_CONFIRMED, INSPECTOR, requires=(Content.EXPLANATION, Content.REASON_CODE)),
            _ON_SITE,
        ),
        _S.ON_SITE: (
            _move(
                _S.CONFIRMED,
                INSPECTOR,
                requires=(Content.ATTACHMENTS,),
                offers=(Content.MEASUREMENT, Content.REASON_CODE),
                conditions=(Condition.CODE_SCANNED, Condition.RECORD_FILED, Condition.MEASURED_IF_SMOKE),
            ),
            _move(
                _S.NOT_CONFIRMED,
                INSPECTOR,
                requires=(Content.ATTACHMENTS, Content.REASON_CODE),
                offers=(Content.MEASUREMENT,),
                conditions=(Condition.CODE_SCANNED, Condition.RECORD_FILED),
            ),
        ),
        _S.NOT_CONFIRMED: (_move(_S.CLOSED, V, proposer=INSPECTOR, requires=(Content.REASON_CODE, *_CLOSING)),),
        _S.CONFIRMED: (
            _move(_S.RECTIFY_NO_PENALTY, R, M, requires=(Content.DEADLINE,)),
            _move(_S.CASE_FILED, R, M, **_FILE),
            _move(_S.TRANSFERRED, R, M, **_TRANSFER),
        ),
        _S.TRANSFERRED: (
            _move(
                _S.CLOSED,
                X,
                requires=(Content.RECEIPT, *_CLOSING),
                conditions=(Condition.RECEIPT_NAMES_PACKAGE,),
            ),
            _move(
                _S.CASE_FILED,
                X,
                requires=(Content.RECEIPT, Content.CASE_NO),
                conditions=(Condition.RECEIPT_NAMES_PACKAGE, Condition.LEGAL_CONFIRMED),
            ),
        ),
        _S.RECTIFY_NO_PENALTY: (_move(_S.RECTIFIED, INSPECTOR), _move(_S.CASE_FILED, INSPECTOR, R, M, **_FILE)),
        _S.CASE_FILED: (
            _move(
                _S.DECIDED,
                R,
                M,
                requires=(Content.DECISION_NO, Content.PUBLICITY),
                offers=(Content.DEADLINE, Content.REASON_CODE, Content.ATTACHMENTS),
            ),
            _move(_S.WITHDRAWN, R, M),
        ),
        _S.WITHDRAWN: (_move(_S.CLOSED, R, M, requires=_CLOSING),),
        _S.DECIDED: (_move(_S.RECTIFIED, INSPECTOR),),
        _S.RECTIFIED: (_move(_S.REVIEWED, INSPECTOR, conditions=(Condition.WATCHED,)), _DISPATCH),
        _S.REVIEWED: (_move(_S.CLOSED, M, requires=_CLOSING),),
        _S.CLOSED: (_move(_S.ARCHIVED, M, A), _move(_S.REOPENED, M)),
        _S.REOPENED: (_move(_S.PENDING_VERIFY, M),),
        _S.ARCHIVED: (),
    }
)
"""The ways out of every state."""


def move_between(frm: LeadState, to: LeadState) -> Move | None:
    """Return the move from one state to another; ``None`` where there is none."""
    return next((move for move in MOVES[frm] if move.to is to), None)


def turn_of(state: LeadState, *, proposed: bool) -> frozenset[LoopRole]:
    """
    Return whose turn it is while a lead is in a state; empty where it waits for nobody but the system.

    Args:
        state: the lead's.

        proposed: whether a move is proposed: then it is the turn of who confirms such moves.
    """
    found: set[LoopRole] = set()
    for move in MOVES[state]:
        if move.proposer is not None and not proposed:
            found.add(move.proposer)
        elif not proposed or move.proposer is not None:
            found |= move.roles
    return frozenset(found - {A})


def waiting_for(role: LoopRole) -> frozenset[tuple[LeadState, bool]]:
    """
    Return where a lead waits for a role: states, each with whether a proposal is pending in it.

    A lead whose move takes two people waits for the proposer first, then for who confirms.
    """
    found = set()
    for state, moves in MOVES.items():
        for move in moves:
            if (move.proposer is None and role in move.roles) or move.proposer is role:
                found.add((state, False))
            elif move.proposer is not None and role in move.roles:
                found.add((state, True))
    return frozenset(found)
