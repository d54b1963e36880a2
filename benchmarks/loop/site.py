"""Site: a store with as many leads as wanted in all states of the loop, and a register of enterprises and officers."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from api.contract.loop.limits import LEVELS, moment_of
from api.contract.register.enterprise import Enterprise, Risk, RiskEntry
from api.contract.register.staff import Officer
from api.contract.register.uscc import check_character
from api.contract.wire.lead import LeadDocument
from api.contract.wire.role import LoopRole
from api.contract.wire.state import LeadState, Priority
from api.store.database import Database
from api.store.lead_rows import write_lead
from api.store.loop.clock import due_of, set_clock, timed
from api.store.register.changes import put_entries
from api.store.search import index_lead
from api.store.transitions import record_transition

CAMERAS = 200
OFFICERS = 200
BATCH = 500
DIVISIONS = ("110101", "110105", "110106", "110108", "110111", "110112", "110113", "110115")
_CODES = ("V01_STACK_SMOKE", "V04_WASTE_BURN", "V06_FUME", "V07_BARE_SOIL", "V12_ALERT_PRODUCTION")
_OPEN = (
    *(LeadState.PENDING_VERIFY,) * 4,
    *(LeadState.VERIFIED,) * 2,
    *(LeadState.EVIDENCE_FIXED,) * 3,
    *(LeadState.DISPATCHED,) * 3,
    *(LeadState.ACCEPTED,) * 3,
    LeadState.WARN_ONLY,
    LeadState.NON_SITE_CHECK,
    LeadState.CONFIRMED,
    LeadState.CASE_FILED,
    LeadState.REVIEWED,
)
_DONE = (*(LeadState.ARCHIVED,) * 8, LeadState.REJECTED_FALSE)


@dataclass(frozen=True, slots=True)
class Plan:
    """How large a site is; `share` of its leads are open."""

    leads: int
    enterprises: int
    share: float = 0.1
    seed: int = 1


def fill(database: Database, plan: Plan, now: datetime) -> None:
    """Fill an empty store; open leads entered their states in the last days."""
    drawn = random.Random(plan.seed)
    codes = [_uscc(number) for number in range(plan.enterprises)]
    with database.writing() as session:
        since = date(2025, 1, 1)
        colours = (Risk.RED, Risk.YELLOW, Risk.GREEN)
        enterprises = [
            Enterprise(
                uscc=uscc,
                name=f"测试企业 {number:05d}",
                division=DIVISIONS[number % len(DIVISIONS)],
                risk=[RiskEntry(colour=colours[number % 3], valid_from=since)],
            )
            for number, uscc in enumerate(codes)
        ]
        officers = [
            Officer(cert_no=f"11-{number:05d}", name=f"执法员 {number}", valid_from=since) for number in range(OFFICERS)
        ]
        begun = now - timedelta(days=400)
        put_entries(session, enterprises, who="benchmark", reason="fill", at=begun)
        put_entries(session, officers, who="benchmark", reason="fill", at=begun)
    for first in range(0, plan.leads, BATCH):
        _file(database, range(first, min(plan.leads, first + BATCH)), codes, drawn, now, plan)


def _file(
    database: Database, numbers: Sequence[int], codes: Sequence[str], drawn: random.Random, now: datetime, plan: Plan
) -> None:
    with database.writing() as session:
        for number in numbers:
            is_open = drawn.random() < plan.share
            state = drawn.choice(_OPEN if is_open else _DONE)
            age = timedelta(hours=drawn.uniform(0, 72)) if is_open else timedelta(days=drawn.uniform(3, 390))
            entered = now - age
            lead = _lead(number, state, drawn.choice(codes), entered, drawn)
            due = due_of(session, lead, entered)
            row = write_lead(session, None, timed(lead, due), entered)
            set_clock(row, entered, due)
            if row.due is not None and row.alarm_at is not None and row.alarm_at <= now:
                # the alarms of the past were given: only those to come are left
                coming = [moment for level in LEVELS if (moment := moment_of(level, entered, row.due)) > now]
                row.alarm_at = coming[0] if coming else None
            if is_open:  # nobody asks for the history of the others here
                record_transition(
                    session, lead, frm="", role=LoopRole.ANALYSER, user=lead.node, reason="filled", at=entered
                )
            index_lead(session, row, lead, ())


def _lead(number: int, state: LeadState, uscc: str, at: datetime, drawn: random.Random) -> LeadDocument:
    camera = drawn.randrange(CAMERAS)
    start = at - timedelta(minutes=10)
    score = drawn.randrange(20, 100)
    return LeadDocument.model_validate(
        {
            "lead_id": f"L{at:%Y%m%d}-{number:06d}",
            "state": state,
            "violation_code": drawn.choice(_CODES),
            "priority": Priority.P1 if score >= 70 else Priority.P2 if score >= 40 else Priority.P3,
            "score": score,
            "place": {
                "division": DIVISIONS[camera % len(DIVISIONS)],
                "town": f"第{camera}镇",
                "lon": 116.6,
                "lat": 39.9,
            },
            "camera": {"id": f"cam-{camera:04}", "name": f"{camera} 号机位"},
            "event": {
                "start": start,
                "confirmed": start + timedelta(seconds=3),
                "end": start + timedelta(seconds=20),
                "clock_source": "rtcp",
            },
            "measure": {
                "kind": "visible_emission",
                "class_name": "smoke",
                "peak_confidence": 0.9,
                "peak_xyxy": [100, 200, 340, 420],
                "peak_utc": start + timedelta(seconds=5),
                "observations": 40,
                "duration_s": 20.0,
            },
            "rule": {"id": "smoke.visible", "version": "1.0.0"},
            "model": {"name": "emissions-n", "version": "1", "sha256": "cd" * 32},
            "target": {"uscc": uscc, "name": f"企业 {uscc[-6:]}", "outlet": "DA001", "risk": "yellow"},
            "disposition": {"action": "lead", "reasons": ["over_limit"]},
            "node": "bench-01",
        }
    )


def _uscc(number: int) -> str:
    body = f"91110112{number:09d}"
    return body + check_character(body)
