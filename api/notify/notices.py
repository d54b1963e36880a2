"""Notices: what an event of the wall's sequence tells people, without pictures and persons."""

from datetime import datetime
from types import MappingProxyType

from pydantic import ValidationError
from sqlalchemy.orm import Session

from api.contract.fields import Count, Word, one_line
from api.contract.loop.limits import LEVELS, TIMER_NAMES
from api.contract.loop.limits import SILENT as SILENT_STATES
from api.contract.notify.messages import Notice
from api.contract.notify.rules import NotifiedEvent
from api.contract.titles import title_of
from api.contract.wire.camera_health import CameraState
from api.contract.wire.document import Wire
from api.contract.wire.lead import LeadDocument
from api.contract.wire.moment import UtcTime
from api.contract.wire.place import Place
from api.store.cameras import get_camera
from api.store.faults import UnknownRecord
from api.store.loop.clock import told_at
from api.store.notify.cursor import SourceEvent, lead_of

SILENT = "silent"
"""A camera of which no worker says anything (`api.fleet.cameras`)."""
_TROUBLE = frozenset({CameraState.LOST.value, SILENT})
_OF_LEADS = MappingProxyType(
    {
        event.value: event
        for event in (
            NotifiedEvent.LEAD_ANNOUNCED,
            NotifiedEvent.LEAD_FILED,
            NotifiedEvent.LEAD_CHANGED,
            NotifiedEvent.LEAD_TIMER,
        )
    }
)
_CAMERA_CHANGED, _VAULT_CHANGED = "camera.changed", "vault.changed"


class _TimerData(Wire):
    """The time limit that an event names; most name none."""

    level: Count | None = None
    state: Word = ""
    role: Word = ""
    due: UtcTime | None = None


def notice_of(session: Session, event: SourceEvent, timezone: str) -> Notice | None:
    """Return what an event tells people, ``None`` for one that tells nothing; `timezone` is the site's."""
    if event.type in _OF_LEADS:
        lead = lead_of(session, event)
        return None if lead is None else _of_lead(_OF_LEADS[event.type], lead, event)
    if event.type == _CAMERA_CHANGED:
        return _of_camera(session, event, timezone)
    if event.type == _VAULT_CHANGED:
        state = _text(event, "level")
        return Notice(event=NotifiedEvent.VAULT_CHANGED, at=event.at, state=state, timezone=timezone)
    return None


def _of_lead(kind: NotifiedEvent, lead: LeadDocument, event: SourceEvent) -> Notice:
    title = title_of(lead)
    timer = _timer(event)
    state = timer.state or lead.state.value
    due = _due(lead)
    target = lead.target
    return Notice(
        event=kind,
        at=event.at,
        lead_id=lead.lead_id,
        code=lead.violation_code,
        title_zh=title.zh,
        title_en=title.en,
        priority=lead.priority,
        state=state,
        camera_id=lead.camera.id,
        camera=lead.camera.name,
        division=lead.place.division,
        town=lead.place.town,
        zone=lead.measure.zone or ("" if target is None else target.zone),
        enterprise=target.name if target is not None and target.uscc else "",
        seen=lead.event.start,
        timezone=lead.event.timezone,
        level=timer.level,
        role=timer.role
        or ("" if due is None else told_at(LEVELS[0], lead.state, is_proposed=lead.proposal is not None)),
        due=timer.due or due,
    )


def _due(lead: LeadDocument) -> datetime | None:
    """Return until when somebody should act on a lead; ``None`` where nobody need."""
    return None if lead.state in SILENT_STATES else lead.timers.get(TIMER_NAMES.get(lead.state, ""))


def _of_camera(session: Session, event: SourceEvent, timezone: str) -> Notice | None:
    state, before = _text(event, "state"), _text(event, "before")
    if not state or (state in _TROUBLE) == (before in _TROUBLE):
        return None
    try:
        camera = get_camera(session, event.subject)
        name, place = camera.name, camera.place
    except UnknownRecord:
        name, place = "", Place()
    return Notice(
        event=NotifiedEvent.CAMERA_TROUBLE if state in _TROUBLE else NotifiedEvent.CAMERA_RESTORED,
        at=event.at,
        state=state,
        camera_id=event.subject,
        camera=name,
        division=place.division,
        town=place.town,
        timezone=timezone,
    )


def _timer(event: SourceEvent) -> _TimerData:
    """Return the time limit that an event names."""
    said = {name: event.data[name] for name in _TimerData.model_fields if event.data.get(name) is not None}
    try:
        return _TimerData.model_validate(said)
    except ValidationError:
        return _TimerData()


def _text(event: SourceEvent, name: str) -> str:
    value = event.data.get(name)
    return one_line(value, 64) if isinstance(value, str) else ""
