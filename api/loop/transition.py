"""
Transition: one move of a lead by one operator, checked and made (domain.md 6.2).

A move that takes two people is first proposed, then confirmed or declined by the other one; a proposal is a record of
its own and leaves the state as it is. Everything is checked in the writing transaction that makes the move.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from api.checks.use import finish_check, plan_done_from_afar
from api.contract.loop.moves import MOVES, Condition, Content, Move, move_between
from api.contract.wire.handling import LeadProposal, MoveContent
from api.contract.wire.lead import LeadDocument
from api.contract.wire.role import ROLE_EN, SYSTEM, LoopRole
from api.contract.wire.state import LeadState
from api.loop.actor import Actor, actor_before
from api.loop.assessment import reassess_later
from api.loop.conditions import CHECKS, Facts
from api.store.faults import IllegalMove, StoreError
from api.store.lead_rows import versioned_lead
from api.store.loop.after_stills import Occasion, ask_still
from api.store.transitions import Said, move_lead, propose_move

_ON_THE_DESK = LeadState.PENDING_VERIFY


class Act(StrEnum):
    """What an operator does with a move."""

    MOVE = "move"
    PROPOSE = "propose"
    CONFIRM = "confirm"
    DECLINE = "decline"


class RoleMissing(StoreError):  # noqa: N818
    """The operator holds no role in which the move may be made."""


class ContentMissing(StoreError):  # noqa: N818
    """The move needs more than was given."""


@dataclass(frozen=True, slots=True)
class Option:
    """
    What an operator can do with a lead now.

    Attributes:
        blocked: why it cannot be done yet; empty where it can.
    """

    to: LeadState
    act: Act
    role: LoopRole
    requires: tuple[Content, ...] = ()
    offers: tuple[Content, ...] = ()
    blocked: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """A move as it is asked for."""

    to: LeadState
    reason: str
    content: MoveContent
    version: int
    attach_sha256: str = ""


def options(session: Session, lead: LeadDocument, username: str) -> list[Option]:
    """Return what an operator can do with a lead, in the order of the table; what is blocked says why."""
    actor = actor_before(session, username, lead)
    found = []
    for move in MOVES[lead.state]:
        chosen = _act(lead, move, actor)
        if chosen is None:
            continue
        act, role = chosen
        facts = Facts(session, lead, MoveContent())
        blocked = _bound(lead, actor, act, role) or _first_failing(move, facts, given=False)
        found.append(Option(move.to, act, role, _required(lead, move, actor), move.offers, blocked))
    if lead.proposal is not None and any(option.act is Act.CONFIRM for option in found):
        role = next(option.role for option in found if option.act is Act.CONFIRM)
        found.append(Option(lead.state, Act.DECLINE, role, blocked=_bound(lead, actor, Act.DECLINE, role)))
    return found


def perform(
    session: Session, lead_id: str, username: str, asked: Request, *, evidence: str | None, at: datetime
) -> LeadDocument:
    """
    Make a move for an operator, or propose, confirm or decline it; needs the writing transaction.

    Args:
        session: the writing transaction.

        lead_id: the lead's id.

        username: the operator's name.

        asked: what is asked for.

        evidence: why the package does not hold, empty where it does; ``None`` where the move does not ask for it.

        at: now.

    Raises `UnknownRecord`, `StaleVersion`, `IllegalMove`, `RoleMissing` or `ContentMissing`.
    """
    _, lead = versioned_lead(session, lead_id, asked.version)
    actor = actor_before(session, username, lead)
    if asked.to is lead.state and lead.proposal is not None:
        return _decline(session, lead, actor, asked, at)
    move = move_between(lead.state, asked.to)
    if move is None or move.roles == {LoopRole.ANALYSER}:
        possible = ", ".join(each.to for each in MOVES[lead.state] if each.roles - {LoopRole.ANALYSER})
        where = f"is {lead.state} and may go to {possible or 'no other state'}, not to {asked.to}"
        raise IllegalMove(f"lead {lead_id} {where}")
    chosen = _act(lead, move, actor)
    if chosen is None:
        raise _refusal(lead, move)
    act, role = chosen
    if reason := _bound(lead, actor, act, role):
        raise IllegalMove(reason)
    missing = [each for each in _required(lead, move, actor) if not getattr(asked.content, each.value)]
    if missing:
        names = ", ".join(missing)
        raise ContentMissing(f"to go from {lead.state} to {asked.to}, give {names}")
    if reason := _first_failing(move, Facts(session, lead, asked.content, evidence), given=True):
        raise IllegalMove(reason)
    said = Said(username, role, asked.reason, at)
    if act is Act.PROPOSE:
        proposal = LeadProposal(to=asked.to, role=role, by=username, at=at)
        return propose_move(session, lead_id, proposal, asked.content, version=asked.version, record=said)
    moved = move_lead(
        session,
        lead_id,
        asked.to,
        version=asked.version,
        user=username,
        role=role,
        reason=asked.reason,
        at=at,
        reason_code=asked.content.reason_code,
        attach_sha256=asked.attach_sha256,
        review=asked.content.review,
        content=asked.content,
    )
    _close_check(session, lead, moved, asked.content, username, at)
    if moved.state is LeadState.RECTIFIED:
        ask_still(session, lead_id, Occasion.RECTIFIED, at)
    if moved.state in _FINDINGS | {LeadState.WITHDRAWN}:
        reassess_later(session, moved, at)
    return _follow(session, moved, actor, at)


def needs_evidence(lead: LeadDocument, to: LeadState) -> bool:
    """Whether a move asks that the package be verified now."""
    move = move_between(lead.state, to)
    return move is not None and Condition.EVIDENCE_HOLDS in move.conditions


def _act(lead: LeadDocument, move: Move, actor: Actor) -> tuple[Act, LoopRole] | None:
    """Return what the operator would do by this move, and in which role; ``None``: it is not the operator's."""
    role = actor.role_for(move.roles)
    if move.proposer is None or not actor.enforced:
        return None if role is None else (Act.MOVE, role)
    if lead.proposal is not None and lead.proposal.to is move.to and role is not None:
        return Act.CONFIRM, role
    return (Act.PROPOSE, move.proposer) if actor.may_propose(move) else None


def _refusal(lead: LeadDocument, move: Move) -> StoreError:
    if move.proposer is not None and lead.proposal is None:
        return IllegalMove(
            f"to {move.to} a {ROLE_EN[move.proposer]} proposes first, and another person confirms; nothing is proposed"
        )
    if move.proposer is not None and lead.proposal is not None and lead.proposal.to is not move.to:
        proposal = lead.proposal
        return IllegalMove(f"{proposal.by} proposed {proposal.to}; confirm that, or decline it ({lead.state})")
    roles = " or ".join(ROLE_EN[role] for role in LoopRole if role in move.roles and role is not LoopRole.ANALYSER)
    return RoleMissing(f"to move a lead from {lead.state} to {move.to} takes the role {roles} in its division")


def _bound(lead: LeadDocument, actor: Actor, act: Act, role: LoopRole) -> str:
    """Return why this person may not do it: who proposed does not confirm, who verified does not inspect."""
    if act in {Act.CONFIRM, Act.DECLINE} and lead.proposal is not None and lead.proposal.by == actor.username:
        return f"{actor.username} proposed it; another person must confirm it"
    return actor.bound(role)


def _required(lead: LeadDocument, move: Move, actor: Actor) -> tuple[Content, ...]:
    """Return what must be given; a site without roles keeps its short review, for which it has a setting."""
    if lead.state is _ON_THE_DESK and not actor.enforced:
        return ()
    return move.requires


def _first_failing(move: Move, facts: Facts, *, given: bool) -> str:
    """Return the first condition that fails; before anything is `given`, only those that no content can mend."""
    for condition in move.conditions:
        if not given and condition in _MENDED_BY_CONTENT:
            continue
        if reason := CHECKS[condition](facts):
            return reason
    return ""


_MENDED_BY_CONTENT = frozenset(
    {
        Condition.APPROVED_IF_LISTED,
        Condition.MEASURED_IF_SMOKE,
        Condition.RECEIPT_NAMES_PACKAGE,
        Condition.CODE_VALID,
        Condition.RECORD_FILED,
    }
)


def _decline(session: Session, lead: LeadDocument, actor: Actor, asked: Request, at: datetime) -> LeadDocument:
    """Take a proposal away, by somebody who might have confirmed it."""
    assert lead.proposal is not None  # noqa: S101  (asked by the caller)
    move = move_between(lead.state, lead.proposal.to)
    role = None if move is None else actor.role_for(move.roles)
    if role is None:
        raise RoleMissing("only who may confirm a proposal may decline it")
    if reason := _bound(lead, actor, Act.DECLINE, role):
        raise IllegalMove(reason)
    said = Said(actor.username, role, asked.reason, at)
    return propose_move(session, lead.lead_id, None, asked.content, version=asked.version, record=said)


def _close_check(
    session: Session, before: LeadDocument, after: LeadDocument, content: MoveContent, username: str, at: datetime
) -> None:
    """File the record of a visit with its check, and mark a planned check that was made from the office as done."""
    handling = after.handling
    if handling is None or after.state not in _FINDINGS:
        return
    record = next((each.sha256 for each in content.attachments if each.kind == "record"), None)
    if before.state is LeadState.ON_SITE and handling.check_code is not None and record is not None:
        finish_check(session, handling.check_code, record, username, at)
    if before.state is LeadState.NON_SITE_CHECK and handling.plan_match is not None and handling.plan_match.plan_id:
        package = None if after.evidence is None else after.evidence.sums_sha256
        plan_done_from_afar(session, handling.plan_match.plan_id, package, username, at)


_FINDINGS = frozenset({LeadState.CONFIRMED, LeadState.NOT_CONFIRMED})


def _follow(session: Session, lead: LeadDocument, actor: Actor, at: datetime) -> LeadDocument:
    """Make the system's own move that follows: a verified lead that is only to be warned of (domain.md 6.5)."""
    if lead.state is not LeadState.VERIFIED or not actor.enforced:
        return lead
    if CHECKS[Condition.WARN_ONLY_ALLOWED](Facts(session, lead, MoveContent())):
        return lead
    return move_lead(
        session,
        lead.lead_id,
        LeadState.WARN_ONLY,
        version=lead.version,
        user=SYSTEM,
        role=LoopRole.ANALYSER,
        reason="first minor finding: the enterprise is warned and has time to correct it",
        at=at,
    )
