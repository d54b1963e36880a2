"""Moves: what an operator can do with a lead now, what each move takes, and what is known beside it."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.clock import utc_now
from api.contract.catalogue import catalogue
from api.contract.evidence.article41 import local_day
from api.contract.loop.moves import Content, move_between, turn_of
from api.contract.loop.reason_codes import reason_codes_of
from api.contract.register.plan import Plan
from api.contract.wire.handling import LeadProposal
from api.contract.wire.lead import LeadDocument
from api.contract.wire.moment import UtcTime
from api.contract.wire.role import LoopRole
from api.contract.wire.state import LeadState
from api.loop.extension import Extension, extension_of
from api.loop.transition import Act, Option, options
from api.people.auth import AnyOperator
from api.routes.leads import LeadIdPath, found_lead
from api.state import State
from api.store.lead_rows import get_lead
from api.store.register.standing import planned_checks

router = APIRouter(prefix="/v1/leads", tags=["leads"])

OWN_AUTHORITY = "ecology"
MERGED_WITHIN_DAYS = 30
"""A planned check within so many days is made with the visit for the lead (domain.md 6.1, S5)."""


class ReasonCodeDocument(BaseModel):
    """A reason code and what it says."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    zh: str
    en: str


class MoveOption(BaseModel):
    """What an operator can do with a lead now."""

    to: LeadState
    act: Act
    role: LoopRole = Field(description="in which role")
    requires: list[Content] = Field(description="fields of the request that must be given, besides the reason")
    offers: list[Content] = Field(description="fields that may be given")
    reason_codes: list[ReasonCodeDocument] = Field(
        description="what is usually given as reason_code; any other code can be given too"
    )
    blocked: str = Field(description="why it cannot be done yet; empty: it can")

    @classmethod
    def of(cls, option: Option, lead: LeadDocument, *, answers_required: bool) -> "MoveOption":
        """
        Return an option as it is shown.

        What the table asks for and this site does not require is still offered; the four answers are required where the
        site's setting says so.
        """
        move = move_between(lead.state, option.to)
        waived = () if move is None else move.requires
        requires = [*option.requires]
        if answers_required and move is not None and lead.state is LeadState.PENDING_VERIFY:
            requires = list(dict.fromkeys([Content.REVIEW, *requires]))
        offers = [each for each in dict.fromkeys([*waived, *option.offers]) if each not in requires]
        codes = [ReasonCodeDocument.model_validate(each) for each in reason_codes_of(move)]
        return cls(
            to=option.to,
            act=option.act,
            role=option.role,
            requires=requires,
            offers=offers,
            reason_codes=codes,
            blocked=option.blocked,
        )


class ExtensionOption(BaseModel):
    """The limit of the lead's state can be extended once: ``POST /v1/leads/{id}/extension``."""

    act: Literal["extend"] = "extend"
    role: LoopRole = Field(description="in which role")
    requires: list[Literal["reason"]] = Field(description="fields of the request that must be given")
    until: UtcTime | None = Field(description="until when it would run; null where it is blocked")
    blocked: str = Field(description="why it cannot be done; empty: it can")


class MoveList(BaseModel):
    """The moves of a lead that are open to who asks."""

    lead_id: str
    state: LeadState
    version: int
    proposal: LeadProposal | None = Field(description="a move that waits for a second person")
    waits_for: list[LoopRole] = Field(description="whose turn it is, whoever asks; empty: nobody's but the system's")
    moves: list[MoveOption]
    extension: ExtensionOption | None = Field(
        description="the longer limit, where who asks holds the role for it and the law knows one for its state"
    )
    planned: list[Plan] = Field(
        default_factory=list,
        description="rows of the annual plan on its enterprise within 30 days: dispatched under one of them "
        "(plan_match), one visit does for both",
    )
    joint_hint: list[str] = Field(
        default_factory=list, description="authorities that the catalogue names for its code beside this bureau's"
    )


@router.get("/{lead_id}/moves")
def get_moves(lead_id: LeadIdPath, operator: AnyOperator, state: State) -> MoveList:
    """Show what this operator can do with the lead now, with what each move takes, and why a move is blocked."""
    with state.database.reading() as session, found_lead():
        lead = get_lead(session, lead_id)
        found = options(session, lead, operator.username)
        extension = _extension(extension_of(session, lead, operator.username))
        is_dispatched = any(option.to is LeadState.DISPATCHED for option in found)
        uscc = "" if lead.target is None else lead.target.uscc
        day = local_day(utc_now())
        planned = planned_checks(session, uscc, day, MERGED_WITHIN_DAYS) if is_dispatched and uscc else []
    answers_required = state.settings.review_answers == "required"
    turn = turn_of(lead.state, proposed=lead.proposal is not None)
    return MoveList(
        planned=planned,
        joint_hint=_joint_hint(lead) if is_dispatched else [],
        lead_id=lead_id,
        state=lead.state,
        version=lead.version,
        proposal=lead.proposal,
        waits_for=[role for role in LoopRole if role in turn],
        extension=extension,
        moves=[MoveOption.of(option, lead, answers_required=answers_required) for option in found],
    )


def _extension(found: Extension | None) -> ExtensionOption | None:
    if found is None:
        return None
    return ExtensionOption(role=LoopRole.HEAD, requires=["reason"], until=found.until, blocked=found.blocked)


def _joint_hint(lead: LeadDocument) -> list[str]:
    """Return the names of the other authorities that a lead's code concerns."""
    row, names = catalogue().get(lead.violation_code), catalogue().authorities
    return [] if row is None else [names[each] for each in row.authority if each != OWN_AUTHORITY]
