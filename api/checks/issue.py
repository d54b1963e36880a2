"""Issue: a check code for an enterprise, two officers and what is checked, or the reason why there is none."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from api.checks.refusal import Refused
from api.contract.checks.check import Check, CheckBasis, CheckOfficer, CheckRequest
from api.contract.checks.code import MOST_SERIAL, RANDOM_ALPHABET, RANDOM_LENGTH, make_code
from api.contract.evidence.article41 import local_day
from api.contract.loop.limits import after_working_days
from api.contract.register.enterprise import Enterprise, Risk
from api.contract.register.plan import CheckMode, Plan
from api.contract.wire.state import Priority
from api.store.checks.codes import CheckEvent, last_visit, next_serial, open_checks, write_check
from api.store.lead_rows import get_lead
from api.store.loop.clock import working_days
from api.store.register.held import held_at
from api.store.register.standing import Standing, officers_valid, standing_at

VALID_WORKING_DAYS = 3
VISIT_GAP = timedelta(days=30)
"""An enterprise is not visited twice within this, but for P1 leads, complaints and emergencies (domain.md 6.1, S5)."""
JUSTIFY_WITHIN = timedelta(hours=24)
_ANY_TIME = frozenset({CheckBasis.EMERGENCY, CheckBasis.COMPLAINT})


def issue_check(session: Session, asked: CheckRequest, username: str, at: datetime) -> Check:
    """
    Issue a check code; needs the writing transaction.

    Args:
        session: the writing transaction.

        asked: what is asked for.

        username: the operator who asks.

        at: now.

    Raises `Refused`, or `UnknownRecord` for a lead that is not there.
    """
    standing = standing_at(session, asked.uscc, at)
    enterprise = _known(standing, asked.uscc)
    begin = asked.valid_from or at
    end = asked.valid_to or after_working_days(begin, VALID_WORKING_DAYS, working_days(session))
    officers = checked_officers(session, asked.officers, begin, end)
    _fits_lead(session, asked)
    _fits_plan(session, asked, at)
    _overlaps_none(session, asked)
    if asked.mode is CheckMode.ON_SITE:
        _is_approved(standing, asked)
        _is_not_too_often(session, asked, at)
    if asked.basis is CheckBasis.EMERGENCY:
        _owes_nothing(session, asked.uscc, at)
    division = enterprise.division
    serial = next_serial(session, division, at)
    if serial > MOST_SERIAL:
        raise Refused("no-serial", f"{MOST_SERIAL} codes were issued in this division today")
    drawn = "".join(secrets.choice(RANDOM_ALPHABET) for _ in range(RANDOM_LENGTH))
    is_owed = asked.basis is CheckBasis.EMERGENCY and not asked.justification
    check = Check(
        check_code=make_code(division, local_day(at), serial, drawn),
        basis=asked.basis,
        mode=asked.mode,
        plan_id=asked.plan_id,
        lead_id=asked.lead_id,
        uscc=asked.uscc,
        company=enterprise.name,
        division=division,
        items=list(dict.fromkeys(asked.items)),
        officers=officers,
        units=list(dict.fromkeys(asked.units)),
        issued_at=at,
        issued_by=username,
        valid_from=begin,
        valid_to=end,
        approved_by=asked.approved_by,
        approval_ref=asked.approval_ref,
        justification=asked.justification,
        justify_by=at + JUSTIFY_WITHIN if is_owed else None,
    )
    return write_check(session, check, CheckEvent.ISSUED, who=f"operator:{username}", reason=asked.reason, at=at)


def checked_officers(session: Session, cert_nos: list[str], begin: datetime, end: datetime) -> list[CheckOfficer]:
    """Return the officers, whose certificates hold for the whole time; raise `Refused`."""
    numbers = list(dict.fromkeys(cert_nos))
    at_begin, at_end = officers_valid(session, numbers, begin), officers_valid(session, numbers, end)
    if missing := [number for number in numbers if number not in at_begin or number not in at_end]:
        raise Refused(
            "certificate-invalid",
            f"no certificate holds from {begin:%Y-%m-%d} to {end:%Y-%m-%d} for {', '.join(missing)}; see the register",
        )
    return [CheckOfficer(cert_no=number, name=at_begin[number].name) for number in numbers]


def _known(standing: Standing, uscc: str) -> Enterprise:
    if standing.enterprise is None:
        raise Refused("unknown-enterprise", f"the register holds no enterprise {uscc}")
    return standing.enterprise


def _fits_lead(session: Session, asked: CheckRequest) -> None:
    if asked.lead_id is None:
        return
    lead = get_lead(session, asked.lead_id)
    target = None if lead.target is None else lead.target.uscc
    if target and target != asked.uscc:
        raise Refused("wrong-enterprise", f"lead {asked.lead_id} is on {target}, not on {asked.uscc}")


def _fits_plan(session: Session, asked: CheckRequest, at: datetime) -> None:
    if asked.plan_id is None:
        return
    plan = held_at(session, Plan, asked.plan_id, at)
    if plan is None:
        raise Refused("unknown-plan", f"the annual plan has no row {asked.plan_id}")
    if plan.uscc != asked.uscc:
        raise Refused("wrong-enterprise", f"row {plan.id} of the plan is on {plan.uscc}, not on {asked.uscc}")
    if plan.done_at is not None:
        raise Refused("plan-done", f"row {plan.id} of the plan was done on {local_day(plan.done_at)}")


def _overlaps_none(session: Session, asked: CheckRequest) -> None:
    for check in open_checks(session, asked.uscc):
        if shared := [item for item in asked.items if item in check.items]:
            raise Refused(
                "check-open",
                f"code {check.check_code} is open for {', '.join(shared)} until {check.valid_to:%Y-%m-%d %H:%M} UTC; "
                "join it instead",
                join=check.check_code,
            )


def _is_approved(standing: Standing, asked: CheckRequest) -> None:
    if asked.approval_ref and asked.approved_by:
        return
    if standing.positive_list is not None:
        why = "the enterprise is on the positive list"
    elif standing.risk is Risk.GREEN:
        why = "the enterprise is green: a visit comes after a check from afar that could not clear it"
    else:
        return
    raise Refused("approval-required", f"{why}; name who approved the visit (approved_by) and where (approval_ref)")


def _is_not_too_often(session: Session, asked: CheckRequest, at: datetime) -> None:
    if asked.basis in _ANY_TIME:
        return
    if asked.lead_id is not None and get_lead(session, asked.lead_id).priority is Priority.P1:
        return
    last = last_visit(session, asked.uscc)
    if last is not None and at - last < VISIT_GAP:
        raise Refused(
            "visited-lately",
            f"the enterprise was visited on {local_day(last)}, and is not visited again within "
            f"{VISIT_GAP.days} days but for a P1 lead, a complaint or an emergency; check it from afar",
        )


def _owes_nothing(session: Session, uscc: str, at: datetime) -> None:
    for check in open_checks(session, uscc):
        if check.justify_by is not None and not check.justification and at >= check.justify_by:
            raise Refused("justification-owed", f"the emergency of code {check.check_code} was never justified")
