"""
Corrections: a fact of a filed lead that was wrong, put right by a person, with both versions kept in the log.

Measurements and times are never changed, nor is the package. A correction changes what the configuration got wrong:
which act it is, where, and whose. A correction is one leaf of the log with the value before, the value after, and why;
nothing is edited there, and a wrong correction is corrected by the next.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from pydantic import JsonValue, ValidationError
from sqlalchemy.orm import Session

from api.contract.catalogue import catalogue
from api.contract.evidence.article41 import admissibility, local_day
from api.contract.reasons import DispositionReason
from api.contract.wire.event import EventType
from api.contract.wire.lead import LeadDocument, LeadTarget
from api.contract.wire.moment import rfc3339
from api.contract.wire.state import LeadState
from api.store.events import append_event
from api.store.evidence.camera_files import camera_file
from api.store.evidence.tlog import LeafKind, append_record, leaves_about
from api.store.faults import IllegalMove, StaleVersion, WrongValue
from api.store.lead_rows import lead_row, read_lead, write_lead
from api.store.search import index_lead
from api.store.transitions import reviewers_reasons


class CorrectedField(StrEnum):
    """What of a lead may be corrected."""

    VIOLATION_CODE = "violation_code"
    DIVISION = "place.division"
    TOWN = "place.town"
    LON = "place.lon"
    LAT = "place.lat"
    TARGET_NAME = "target.name"
    TARGET_USCC = "target.uscc"
    TARGET_OUTLET = "target.outlet"


@dataclass(frozen=True, slots=True)
class Correction:
    """
    One correction.

    Attributes:
        version: that the lead has since.

        before: the value that was wrong; empty where there was none.

        after: the value since.

        user: the author of the correction.

        log_index: its leaf.
    """

    field: CorrectedField
    version: int
    before: str
    after: str
    reason: str
    user: str
    at: datetime
    log_index: int


_NUMBERS = frozenset({CorrectedField.LON, CorrectedField.LAT})


def correct_lead(
    session: Session,
    lead_id: str,
    field: CorrectedField,
    value: str,
    *,
    version: int,
    user: str,
    reason: str,
    at: datetime,
) -> LeadDocument:
    """
    Correct one field of a filed lead and return the lead; needs the writing transaction.

    A corrected act brings the law of its day and what a camera may fix of it; what was proposed to follow stays. Raises
    `UnknownRecord`, `StaleVersion`, `IllegalMove` before the lead is filed, or `WrongValue`.
    """
    row = lead_row(session, lead_id)
    if row.version != version:
        raise StaleVersion(f"lead {lead_id} has version {row.version}, not {version}")
    lead = read_lead(session, row)
    if lead.state is LeadState.CANDIDATE:
        raise IllegalMove(f"lead {lead_id} is {lead.state}: it can be corrected once it is filed")
    before = value_of(lead, field)
    corrected = _corrected(lead, field, value.strip()).model_copy(update={"version": version + 1})
    if field is CorrectedField.VIOLATION_CODE:
        corrected = _judged_anew(session, corrected)
    after = value_of(corrected, field)
    if before == after:
        raise WrongValue(f"{field} is {after or 'empty'} already")
    record = {
        "lead_id": lead_id,
        "version": corrected.version,
        "field": field.value,
        "before": before,
        "after": after,
        "reason": reason,
        "user": user,
        "at": rfc3339(at),
    }
    append_record(session, LeafKind.CORRECTION, record, lead_id, at)
    write_lead(session, row, corrected, row.received)
    index_lead(session, row, corrected, reviewers_reasons(session, lead_id))
    append_event(
        session,
        EventType.LEAD_CHANGED,
        lead_id,
        at,
        lead=corrected,
        data={"corrected": field.value, "by": f"operator:{user}"},
    )
    return corrected


def corrections_of(session: Session, lead_id: str) -> list[Correction]:
    """Return a lead's corrections, oldest first, as the log holds them; raise `UnknownRecord`."""
    lead_row(session, lead_id)
    found = []
    for leaf in leaves_about(session, lead_id):
        if leaf.kind is LeafKind.CORRECTION:
            record: Mapping[str, JsonValue] = json.loads(leaf.data)
            found.append(
                Correction(
                    field=CorrectedField(str(record["field"])),
                    version=int(str(record["version"])),
                    before=str(record["before"]),
                    after=str(record["after"]),
                    reason=str(record["reason"]),
                    user=str(record["user"]),
                    at=leaf.at,
                    log_index=leaf.index,
                )
            )
    return found


def value_of(lead: LeadDocument, field: CorrectedField) -> str:
    """Return a field's value as text; empty without one."""
    value = _READ[field](lead)
    return "" if value is None else str(value)


_READ: Mapping[CorrectedField, Callable[[LeadDocument], str | float | None]] = MappingProxyType(
    {
        CorrectedField.VIOLATION_CODE: lambda lead: lead.violation_code,
        CorrectedField.DIVISION: lambda lead: lead.place.division,
        CorrectedField.TOWN: lambda lead: lead.place.town,
        CorrectedField.LON: lambda lead: lead.place.lon,
        CorrectedField.LAT: lambda lead: lead.place.lat,
        CorrectedField.TARGET_NAME: lambda lead: None if lead.target is None else lead.target.name,
        CorrectedField.TARGET_USCC: lambda lead: None if lead.target is None else lead.target.uscc,
        CorrectedField.TARGET_OUTLET: lambda lead: None if lead.target is None else lead.target.outlet,
    }
)


def _corrected(lead: LeadDocument, field: CorrectedField, value: str) -> LeadDocument:
    """Return the lead with one value changed; raise `WrongValue` for one that the field cannot have."""
    if field is CorrectedField.VIOLATION_CODE and catalogue().get(value) is None:
        raise WrongValue(f"{value!r} is not a code of the catalogue")
    part, _, name = field.rpartition(".")
    document = lead.model_dump(mode="json")
    if part == "target" and document["target"] is None:
        document["target"] = LeadTarget(zone=lead.measure.zone).model_dump(mode="json")
    if field is CorrectedField.VIOLATION_CODE and document["disposition"] is not None:
        reasons = document["disposition"]["reasons"]
        document["disposition"]["reasons"] = [one for one in reasons if one != DispositionReason.CODE_PROPOSED]
    place = document[part] if part else document
    place[name] = (value or None) if field in _NUMBERS else value
    try:
        return LeadDocument.model_validate_json(json.dumps(document), strict=False)
    except ValidationError as fault:
        raise WrongValue(f"{field} cannot be {value!r}: {fault.errors(include_url=False)[0]['msg']}") from fault


def _judged_anew(session: Session, lead: LeadDocument) -> LeadDocument:
    day = local_day(lead.event.start)
    found = admissibility(camera_file(session, lead.camera.id).file, lead.violation_code, day)
    return lead.model_copy(
        update={"legal": catalogue().legal_at(lead.violation_code, day), "class_": found.class_},
    )
