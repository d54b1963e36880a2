"""Use: a check's code is scanned, joined, finished, rated, justified, cancelled, or runs out."""

import math
from datetime import datetime

from sqlalchemy.orm import Session

from api.checks.issue import checked_officers
from api.checks.refusal import Refused
from api.contract.checks.check import (
    OPEN,
    Check,
    CheckBasis,
    CheckChangeRequest,
    CheckJoin,
    CheckState,
    Scan,
    ScanRequest,
)
from api.contract.register.enterprise import Enterprise
from api.contract.register.plan import CheckMode, Plan
from api.contract.wire.role import SYSTEM
from api.store.checks.codes import CheckEvent, checks_over, get_check, versioned_check, write_check
from api.store.faults import UnknownRecord
from api.store.register.changes import put_entry
from api.store.register.entries import get_entry
from api.store.register.held import held_at

FAR_M = 500.0
"""A scan farther from the registered place bears a warning; it is not refused: registered places are often wrong."""
_EARTH_M = 6_371_008.8
MOST_SCANS = 64


def scan_check(session: Session, code: str, asked: ScanRequest, username: str, at: datetime) -> Check:
    """
    Take a scan of the enterprise's own code on the spot; needs the writing transaction.

    Raises `UnknownRecord` or `Refused`.
    """
    check = _usable(get_check(session, code), at)
    if check.mode is not CheckMode.ON_SITE:
        raise Refused("not-on-site", f"code {code} is for a check from afar: nothing is scanned for it")
    if asked.uscc != check.uscc:
        raise Refused("wrong-enterprise", f"code {code} is for {check.uscc}, and the scanned code is of {asked.uscc}")
    strangers = sorted(set(asked.officers) - {officer.cert_no for officer in check.officers})
    if strangers:
        raise Refused("unknown-officer", f"code {code} names no officer {', '.join(strangers)}; let them join it first")
    checked_officers(session, asked.officers, at, at)
    distance = _distance_m(held_at(session, Enterprise, check.uscc, at), asked)
    far = distance is not None and distance > FAR_M
    scan = Scan(
        at=at,
        by=username,
        officers=list(dict.fromkeys(asked.officers)),
        lon=asked.lon,
        lat=asked.lat,
        distance_m=distance,
        warning=f"{distance:.0f} m from the registered place" if far else "",
    )
    if len(check.scans) >= MOST_SCANS:
        raise Refused("too-many-scans", f"code {code} was scanned {len(check.scans)} times")
    scanned = _after(
        check,
        state=CheckState.ACTIVE,
        scans=[*check.scans, scan],
        ecode_record_id=asked.ecode_record_id or check.ecode_record_id,
    )
    reason = scan.warning or "scanned at the enterprise"
    return write_check(session, scanned, CheckEvent.SCANNED, who=f"operator:{username}", reason=reason, at=at)


def change_check(
    session: Session, code: str, asked: CheckChangeRequest, username: str, *, version: int, at: datetime
) -> Check:
    """Make one change of a check; needs the writing transaction; raise `UnknownRecord`, `StaleVersion`, `Refused`."""
    check = versioned_check(session, code, version)
    changed, event = _changed(session, check, asked, at)
    kept = write_check(session, changed, event, who=f"operator:{username}", reason=asked.reason, at=at)
    if event is CheckEvent.DONE:
        _plan_done(session, kept, username, at)
    return kept


def finish_check(session: Session, code: str, record_sha256: str, username: str, at: datetime) -> None:
    """File the record of a visit that a lead's move carried, where the check is still open; else leave it."""
    check = get_check(session, code)
    if check.state is not CheckState.ACTIVE or (check.basis is CheckBasis.EMERGENCY and not check.justification):
        return
    done = _after(check, state=CheckState.DONE, record_sha256=record_sha256)
    kept = write_check(
        session, done, CheckEvent.DONE, who=f"operator:{username}", reason="record filed with the lead", at=at
    )
    _plan_done(session, kept, username, at)


def expire_checks(session: Session, now: datetime, most: int) -> int:
    """End the codes that nobody used in their time; needs the writing transaction; return how many."""
    over = checks_over(session, now, most)
    for check in over:
        ended = _after(check, state=CheckState.EXPIRED)
        write_check(session, ended, CheckEvent.EXPIRED, who=SYSTEM, reason="not used in its time", at=now)
    return len(over)


def _changed(session: Session, check: Check, asked: CheckChangeRequest, at: datetime) -> tuple[Check, CheckEvent]:
    if asked.join is not None:
        return _joined(session, _usable(check, at), asked.join), CheckEvent.JOINED
    if asked.record_sha256 is not None:
        _needs(check, {CheckState.ACTIVE} if check.mode is CheckMode.ON_SITE else OPEN, "its record is filed")
        if check.basis is CheckBasis.EMERGENCY and not check.justification:
            raise Refused("justification-owed", f"code {check.check_code} is of an emergency: justify it first")
        return _after(check, state=CheckState.DONE, record_sha256=asked.record_sha256), CheckEvent.DONE
    if asked.company_rating is not None:
        _needs(check, {CheckState.DONE}, "the enterprise rates it")
        return _after(check, state=CheckState.RATED, company_rating=asked.company_rating), CheckEvent.RATED
    if asked.justification is not None:
        if check.basis is not CheckBasis.EMERGENCY or check.justification:
            raise Refused("no-justification-owed", f"code {check.check_code} owes no justification")
        return _after(check, justification=asked.justification, justify_by=None), CheckEvent.JUSTIFIED
    if asked.ecode_record_id is not None:
        return _after(check, ecode_record_id=asked.ecode_record_id), CheckEvent.NUMBERED
    if not asked.cancel:
        raise Refused("nothing-asked", "cancel is false: nothing is asked for")
    _needs(check, {CheckState.ISSUED}, "it can be cancelled")
    return _after(check, state=CheckState.CANCELLED), CheckEvent.CANCELLED


def _joined(session: Session, check: Check, join: CheckJoin) -> Check:
    numbers = [officer.cert_no for officer in check.officers]
    new = [number for number in dict.fromkeys(join.officers) if number not in numbers]
    officers = checked_officers(session, new, check.valid_from, check.valid_to) if new else []
    leads = [] if join.lead_id is None or check.answers(join.lead_id) else [join.lead_id]
    return _after(
        check,
        officers=[*check.officers, *officers],
        units=list(dict.fromkeys([*check.units, *join.units])),
        items=list(dict.fromkeys([*check.items, *join.items])),
        joined_leads=[*check.joined_leads, *leads],
    )


def _usable(check: Check, at: datetime) -> Check:
    _needs(check, OPEN, "it can be used")
    if at < check.valid_from:
        raise Refused("not-yet-valid", f"code {check.check_code} holds from {check.valid_from:%Y-%m-%d %H:%M} UTC on")
    if check.state is CheckState.ISSUED and at >= check.valid_to:
        raise Refused("expired", f"code {check.check_code} ran out at {check.valid_to:%Y-%m-%d %H:%M} UTC")
    return check


def _needs(check: Check, states: "frozenset[CheckState] | set[CheckState]", what: str) -> None:
    if check.state not in states:
        wanted = " or ".join(sorted(states))
        raise Refused("wrong-state", f"code {check.check_code} is {check.state}; {what} when it is {wanted}")


def _after(check: Check, **changes: object) -> Check:
    fields = {name: getattr(check, name) for name in type(check).model_fields}
    return Check.model_validate({**fields, **changes, "version": check.version + 1})


def plan_done_from_afar(session: Session, plan_id: str, package: str | None, username: str, at: datetime) -> None:
    """Mark a row of the annual plan as done from the office, with the package that shows it; unknown rows are left."""
    changes = {"done_by": CheckMode.NON_SITE, "done_at": at, "package_sha256": package}
    _change_plan(session, plan_id, changes, "checked from the office", username, at)


def _plan_done(session: Session, check: Check, username: str, at: datetime) -> None:
    """Mark the row of the annual plan that the check answers as done."""
    if check.plan_id is not None:
        changes = {"done_by": check.mode, "done_at": at}
        _change_plan(session, check.plan_id, changes, f"checked under {check.check_code}", username, at)


def _change_plan(
    session: Session, plan_id: str, changes: dict[str, object], reason: str, username: str, at: datetime
) -> None:
    try:
        plan = get_entry(session, Plan, plan_id).document
    except UnknownRecord:
        return
    if plan.done_at is None:
        done = plan.model_copy(update=changes)
        put_entry(session, done, None, who=f"operator:{username}", reason=reason, at=at)


def _distance_m(enterprise: Enterprise | None, asked: ScanRequest) -> float | None:
    """Return the great-circle distance of a scan from the enterprise's registered place."""
    if enterprise is None or enterprise.lon is None or enterprise.lat is None or asked.lon is None or asked.lat is None:
        return None
    lat_a, lat_b = math.radians(enterprise.lat), math.radians(asked.lat)
    d_lon = math.radians(asked.lon - enterprise.lon)
    half = math.sin((lat_b - lat_a) / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(d_lon / 2) ** 2
    return round(2 * _EARTH_M * math.asin(min(1.0, math.sqrt(half))), 1)
