"""How an enterprise stood at a moment: its colour, its place on the positive list, its permit; and who may enforce."""

import calendar
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from api.contract.evidence.article41 import local_day
from api.contract.register.alert import AlertLevel, AlertOrder
from api.contract.register.enterprise import Enterprise, Listing, Risk
from api.contract.register.entry import RegisterKind
from api.contract.register.leniency import NoPenaltyItem
from api.contract.register.permit import Permit
from api.contract.register.plan import Plan
from api.contract.register.staff import Officer
from api.store.faults import UnreadableRecord
from api.store.register.entries import PIECE, EntryQuery, list_entries, read_entry
from api.store.register.held import all_held, held_at, held_entries, held_of_enterprise, held_of_keys
from api.store.register.tables import RegisterChangeRow, RegisterEntryRow

_ALL = 10_000


@dataclass(frozen=True, slots=True)
class Standing:
    """
    How an enterprise stood.

    Attributes:
        enterprise: its entry of then; ``None`` where the register did not know it: then nothing else is known of it.

        positive_list: its membership of then; ``None``: it was not on the list.

        registry_version: see `registry_version`.

        permit: the one that held; of several the one that began last.
    """

    enterprise: Enterprise | None
    risk: Risk
    positive_list: Listing | None
    registry_version: str
    permit: Permit | None


def standing_at(session: Session, uscc: str, at: datetime) -> Standing:
    """Return how an enterprise stood at an aware time, as the register said then (`api.store.register.held`)."""
    enterprise = held_at(session, Enterprise, uscc, at)
    day = local_day(at)
    permits = held_of_enterprise(session, Permit, uscc, at)
    return Standing(
        enterprise,
        Risk.NONE if enterprise is None else enterprise.risk_on(day),
        None if enterprise is None else enterprise.listing_on(day),
        registry_version(session, at),
        max(permits, key=lambda permit: permit.valid_from, default=None),
    )


def registry_version(session: Session, at: datetime | None = None) -> str:
    """
    Return the version of the register at an aware time: local day and number of its newest change, ``2026-11-20.417``.

    Empty while nothing was entered. `at` left out: now.
    """
    newest = select(func.max(RegisterChangeRow.seq))
    if at is not None:
        newest = newest.where(RegisterChangeRow.at <= at)
    row = session.scalar(select(RegisterChangeRow).where(RegisterChangeRow.seq == newest.scalar_subquery()))
    return "" if row is None else f"{local_day(row.at)}.{row.seq}"


def officers_valid(session: Session, cert_nos: Sequence[str], at: datetime) -> dict[str, Officer]:
    """Return by certificate the officers whose certificates held at an aware time; who is not in it has none."""
    return held_of_keys(session, Officer, cert_nos, at)


def named_enterprises(session: Session, owners: Collection[str]) -> list[tuple[Enterprise, str]]:
    """
    Return the enterprises whose code is among `owners`, or whose name is and is no other's; by code, as they stand.

    With each comes the version of the register at the newest change of its entry, like `registry_version`.
    """
    kind = RegisterEntryRow.kind == RegisterKind.ENTERPRISE.value
    changed = and_(
        RegisterChangeRow.kind == RegisterEntryRow.kind,
        RegisterChangeRow.key == RegisterEntryRow.key,
        RegisterChangeRow.version == RegisterEntryRow.version,
    )
    wanted = list(owners)
    rows: dict[str, tuple[RegisterEntryRow, int]] = {}
    for start in range(0, len(wanted), PIECE):
        piece = wanted[start : start + PIECE]
        is_meant = RegisterEntryRow.key.in_(piece) | RegisterEntryRow.name.in_(piece)
        asked = select(RegisterEntryRow, RegisterChangeRow.seq).join(RegisterChangeRow, changed).where(kind, is_meant)
        rows |= {row.key: (row, seq) for row, seq in session.execute(asked)}
    bearers = Counter(row.name for row, _ in rows.values())
    found = []
    for key, (row, seq) in sorted(rows.items()):
        if key in owners or bearers[row.name] == 1:
            with suppress(UnreadableRecord):
                entry = read_entry(session, Enterprise, row)
                found.append((entry.document, f"{local_day(entry.at)}.{seq}"))
    return found


def leniency_for(session: Session, code: str, at: datetime) -> list[NoPenaltyItem]:
    """Return the items of the no-penalty list for a violation code that held at an aware time, by id."""
    return [stored.document for stored in all_held(session, NoPenaltyItem, at) if code in stored.document.codes]


def planned_checks(session: Session, uscc: str, day: date, within_days: int) -> list[Plan]:
    """Return the rows of the annual plan on an enterprise, not done yet, whose time begins within some local days."""
    entries = list_entries(session, Plan, EntryQuery(uscc=uscc, limit=_ALL)).entries
    last = day + timedelta(days=within_days)
    open_rows = [stored.document for stored in entries if stored.document.done_at is None]
    return [plan for plan in open_rows if _begins(plan) <= last and day <= _ends(plan)]


def _begins(plan: Plan) -> date:
    return date(plan.year, 1 if plan.quarter is None else 3 * plan.quarter - 2, 1)


def _ends(plan: Plan) -> date:
    year, month = (plan.year, 12) if plan.quarter is None else (plan.year, 3 * plan.quarter)
    return date(year, month, calendar.monthrange(year, month)[1])


def alerts_at(session: Session, at: datetime) -> list[AlertOrder]:
    """Return the alert orders in force at an aware time, the gravest first."""
    held = held_entries(session, AlertOrder, at, EntryQuery(limit=_ALL)).entries
    gravest = list(AlertLevel)
    return sorted((stored.document for stored in held), key=lambda order: -gravest.index(order.level))
