"""Measure: queues and moves over HTTP, and what the time limits cost while nobody does anything."""

import json
import os
import platform
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import httpx
from sqlalchemy import func, select

from api.clock import utc_now
from api.contract.wire.role import LoopRole
from api.contract.wire.state import LeadState
from api.people.accounts import open_database
from api.settings import Settings
from api.store.database import Database
from api.store.loop.clock import take_alarms
from api.store.loop.grants import grant_role
from api.store.tables import LeadRow
from benchmarks.loop.site import Plan, fill
from benchmarks.served_api import Times, served_api, times_of
from models.runtime.processor import processor

ROLES = (LoopRole.DUTY, LoopRole.EVIDENCE, LoopRole.DISPATCHER, LoopRole.INSPECTOR, LoopRole.LEGAL, LoopRole.HEAD)
USERNAME = "benchmark"
TURN_S = 5.0
MOVES: tuple[tuple[LeadState, LeadState, dict[str, object]], ...] = (
    (LeadState.EVIDENCE_FIXED, LeadState.DISPATCHED, {"team": "执法一队", "plan_match": {"basis": "lead"}}),
    (LeadState.DISPATCHED, LeadState.ACCEPTED, {}),
    (LeadState.ACCEPTED, LeadState.NON_SITE_CHECK, {}),
)
"""Moves that one person makes, with what they take."""


@dataclass(slots=True)
class LoopResult:
    """
    What was measured on one database.

    Attributes:
        timers_core_share: processor time of the time limits over an hour of turns, as a share of one core.
    """

    database: str
    leads: int
    open_leads: int
    enterprises: int
    seed: int
    machine: str
    version: str
    load_average: float
    filled_per_s: float = 0.0
    timers_core_share: float = 0.0
    timers_alarms: int = 0
    times: list[Times] = field(default_factory=list)

    def as_json(self) -> str:
        """Return the result file."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"

    def lines(self) -> Iterator[str]:
        """Yield the result for a terminal."""
        yield (
            f"{self.database}: {self.leads} leads ({self.open_leads} open), {self.enterprises} enterprises, filled at "
            f"{self.filled_per_s:.0f}/s, load {self.load_average:.0f}"
        )
        for one in self.times:
            yield (
                f"  {one.kind:28} median {one.median_ms:7.1f}  p95 {one.p95_ms:7.1f}  worst {one.worst_ms:7.1f} ms  "
                f"({one.count} asked, {one.found} found)"
            )
        yield f"  time limits: {self.timers_core_share:.2%} of a core, {self.timers_alarms} alarms in an hour"


def measure(folder: Path, plan: Plan, *, database_url: str, asked: int) -> LoopResult:
    """Fill an empty store in `folder` or at an address (empty: SQLite) and ask the API over it."""
    settings = Settings.model_validate({"data_dir": folder, "database_url": database_url})
    name = "PostgreSQL" if database_url else "SQLite"
    machine = f"{platform.machine()}, {processor()}"
    now = utc_now()
    with open_database(settings) as database:
        start = time.perf_counter()
        fill(database, plan, now)
        filled = plan.leads / (time.perf_counter() - start)
        with database.reading() as session:
            counted = select(func.count()).select_from(LeadRow).where(LeadRow.due.is_not(None))
            open_leads = session.scalar(counted) or 0
    result = LoopResult(
        name, plan.leads, open_leads, plan.enterprises, plan.seed, machine, version("plumewatch"), os.getloadavg()[0]
    )
    result.filled_per_s = round(filled, 1)
    with served_api(settings, USERNAME) as (client, _):
        with open_database(settings) as database, database.writing() as session:
            for role in ROLES:
                grant_role(session, USERNAME, role, "", by="benchmark", at=utc_now())
        for role in ROLES:
            for due in ("all", "overdue"):
                result.times.append(_ask(client, f"queue {role} {due}", f"/v1/queue?role={role}&due={due}", asked))
        for frm, to, content in MOVES:
            result.times.append(_move(client, frm, to, content, asked))
    with open_database(settings) as database:
        result.timers_core_share, result.timers_alarms = _timers(database, now)
    return result


def _ask(client: httpx.Client, kind: str, address: str, asked: int) -> Times:
    times, found = [], 0
    client.get(address).raise_for_status()
    for _ in range(asked):
        start = time.perf_counter()
        answer = client.get(address)
        times.append(time.perf_counter() - start)
        found = len(answer.raise_for_status().json()["leads"])
    return times_of(kind, times, found)


def _move(client: httpx.Client, frm: LeadState, to: LeadState, content: dict[str, object], asked: int) -> Times:
    leads = client.get("/v1/leads", params={"state": frm, "limit": min(200, asked)}).raise_for_status().json()["leads"]
    times = []
    for lead in leads:
        headers = {"If-Match": f'"{lead["version"]}"', "Idempotency-Key": f"{lead['lead_id']}-{to}"}
        body = {"to": to, "reason": "核实无误", **content}
        start = time.perf_counter()
        answer = client.post(f"/v1/leads/{lead['lead_id']}/transitions", json=body, headers=headers)
        times.append(time.perf_counter() - start)
        if answer.json().get("state") != to:
            raise RuntimeError(f"{lead['lead_id']}: {answer.text}")
    return times_of(f"{frm} -> {to}", times, len(times))


def _timers(database: Database, now: datetime) -> tuple[float, int]:
    """Return the share of a core that an hour of turns takes, each as the API makes it, and the alarms given."""
    turns = int(3600 / TURN_S)
    alarms, start = 0, time.process_time()
    for turn in range(turns):
        at = now + timedelta(seconds=TURN_S * turn)
        with database.reading() as session:
            if session.scalar(select(LeadRow.lead_id).where(LeadRow.alarm_at <= at).limit(1)) is None:
                continue
        with database.writing() as session:
            alarms += len(take_alarms(session, at))
    return round((time.process_time() - start) / 3600, 5), alarms
