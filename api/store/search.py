"""
Search: leads found by place, time, camera, enterprise, violation, state, words, and the hash of any of their files.

A question has many conditions; one of them is walked by its index and the rest are held against what it yields. Which
one is decided by counting: the condition with the fewest leads, if they are few; otherwise the newest leads are walked
until the page is full, which is soon, since everything asked for is common. Neither database's own guess is trusted
with this: SQLite keeps no statistics of values, and both guess badly for parts of words.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, Select, and_, delete, func, insert, or_, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from api.contract.catalogue import catalogue
from api.contract.titles import title_of
from api.contract.wire.lead import LeadDocument
from api.contract.wire.state import LeadState
from api.store.documents import LEADS, read_document
from api.store.search_tables import LeadTermRow, PackageFileRow
from api.store.tables import LeadRow
from api.store.terms import SearchWord, after_all_with, normal_text, search_words, terms_of

FEW = 2_000
"""Leads that are sorted for one page without being felt (``benchmarks/results/retrieval-*.json``)."""

MOST_DIVISION = 12
"""Digits of a GB/T 2260 code; a longer one is found by these and shown unchanged."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the map, degrees of WGS 84; it may not cross the 180th meridian."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class LeadQuery:
    """
    Which leads to list; ``None`` and empty mean all.

    Attributes:
        start: inclusive, of ``event.start``; so is ``end``, exclusive.

        division: beginning of a GB/T 2260 code: ``11`` is a province, ``1101`` a city, ``110112`` a district.

        enterprise: the 18 characters of its code, or a part of its name.

        words: each has to be found; see `api.store.terms`.

        sha256: of a file of the package, or of its ``SHA256SUMS``.
    """

    states: tuple[LeadState, ...] = ()
    camera: str | None = None
    code: str | None = None
    priority: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    division: str | None = None
    box: Box | None = None
    enterprise: str | None = None
    words: str | None = None
    sha256: str | None = None
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class _Condition:
    """One condition: ways to the leads that may meet it, each by an index, and whether a lead does."""

    ways: tuple[Select[str], ...]
    holds: ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Holding:
    """A file of a filed package."""

    lead_id: str
    name: str
    sums_sha256: str


def list_leads(session: Session, query: LeadQuery) -> tuple[list[str], str | None]:
    """Return the newest leads that match and the next page's cursor; raise `ValueError` for a foreign cursor."""
    statement = select(LeadRow.document, LeadRow.event_start, LeadRow.lead_id).where(*_plain(query))
    conditions = _conditions(query)
    way = _shortest(session, [way for condition in conditions for way in condition.ways])
    moment: ColumnElement[int] = type_coerce(LeadRow.event_start, BigInteger)
    if way is not None:
        statement = statement.where(LeadRow.lead_id.in_(way))
        moment = moment + 0  # a sum has no index: the few are sorted instead of all being walked
    statement = statement.where(*(condition.holds for condition in conditions))
    if query.cursor is not None:
        start, lead_id = _read_cursor(query.cursor)
        statement = statement.where(
            or_(LeadRow.event_start < start, and_(LeadRow.event_start == start, LeadRow.lead_id < lead_id))
        )
    rows = session.execute(statement.order_by(moment.desc(), LeadRow.lead_id.desc()).limit(query.limit + 1)).all()
    page = rows[: query.limit]
    following = _write_cursor(page[-1].event_start, page[-1].lead_id) if len(rows) > query.limit else None
    readable = (
        row for row in page if read_document(session, LeadDocument, row.lead_id, row.document, of=LEADS) is not None
    )
    return [row.document for row in readable], following


def find_holdings(session: Session, sha256: str) -> list[Holding]:
    """Return every filed file with this hash, newest lead first."""
    rows = session.execute(
        select(PackageFileRow, LeadRow.sums_sha256)
        .join(LeadRow, LeadRow.lead_id == PackageFileRow.lead_id)
        .where(PackageFileRow.sha256 == sha256)
        .order_by(LeadRow.event_start.desc(), PackageFileRow.lead_id.desc(), PackageFileRow.name)
    )
    return [Holding(row.lead_id, row.name, sums or "") for row, sums in rows]


def index_lead(session: Session, row: LeadRow, lead: LeadDocument, reasons: Sequence[str]) -> None:
    """Index a lead by its current document and its reviewers' reasons; needs the writing transaction."""
    row.division = lead.place.division[:MOST_DIVISION]
    row.lon, row.lat = lead.place.lon, lead.place.lat
    row.uscc = "" if lead.target is None else lead.target.uscc
    row.enterprise = "" if lead.target is None else normal_text(lead.target.name)
    before = terms_of(row.text) if row.indexed else frozenset[str]()
    row.text = normal_text(_said(lead, reasons))
    row.indexed = True
    session.flush()
    after = terms_of(row.text)
    if gone := before - after:
        session.execute(delete(LeadTermRow).where(LeadTermRow.lead_id == row.lead_id, LeadTermRow.term.in_(gone)))
    if new := sorted(after - before):
        session.execute(insert(LeadTermRow), [{"term": term, "lead_id": row.lead_id} for term in new])


def index_files(session: Session, lead_id: str, sums_sha256: str, listed: dict[str, str]) -> None:
    """Let a package be found by its files' hashes and its list's own; needs the writing transaction."""
    files = {**listed, "SHA256SUMS": sums_sha256}
    session.execute(
        insert(PackageFileRow),
        [{"sha256": sha256, "lead_id": lead_id, "name": name} for name, sha256 in sorted(files.items())],
    )


def _said(lead: LeadDocument, reasons: Sequence[str]) -> str:
    """Return the words that a lead is found by: every name in it."""
    row = catalogue().get(lead.violation_code)
    target, legal, called = lead.target, lead.legal, title_of(lead)
    parts = [
        lead.lead_id,
        lead.violation_code.replace("_", " "),
        *(() if row is None else (row.zh, row.en)),
        called.zh,
        called.en,
        lead.camera.id,
        lead.camera.name,
        lead.camera.gb_id,
        lead.place.town,
        lead.measure.class_name,
        lead.measure.colour,
        lead.measure.zone,
        lead.rule.id,
        lead.node,
        *(() if target is None else (target.name, target.uscc, target.outlet, target.zone)),
        *(() if legal is None else (legal.text_zh, *legal.basis)),
        *reasons,
    ]
    return " ".join(part for part in parts if part)


def _plain(query: LeadQuery) -> list[ColumnElement[bool]]:
    """Return the conditions that an index by column and time serves as they are."""
    plain: list[ColumnElement[bool]] = []
    if query.states:
        plain.append(LeadRow.state.in_([state.value for state in query.states]))
    for column, value in (
        (LeadRow.camera_id, query.camera),
        (LeadRow.violation_code, query.code),
        (LeadRow.priority, query.priority),
        (LeadRow.uscc, _uscc(query)),
    ):
        if value is not None:
            plain.append(column == value)
    if query.start is not None:
        plain.append(LeadRow.event_start >= query.start)
    if query.end is not None:
        plain.append(LeadRow.event_start < query.end)
    return plain


def _conditions(query: LeadQuery) -> list[_Condition]:
    """Return the conditions that need a look at how many leads they leave."""
    conditions = [_with_word(word, LeadRow.text) for word in search_words(query.words or "")]
    if query.enterprise and _uscc(query) is None:
        conditions += [_with_word(word, LeadRow.enterprise) for word in search_words(query.enterprise)]
    if query.division:
        within = and_(LeadRow.division >= query.division, LeadRow.division < after_all_with(query.division))
        begins = func.substr(LeadRow.division, 1, len(query.division)) == query.division
        conditions.append(_Condition((select(LeadRow.lead_id).where(within),), begins))
    if query.box is not None:
        box = query.box
        within = and_(LeadRow.lat.between(box.south, box.north), LeadRow.lon.between(box.west, box.east))
        # Sums have no index: what was found by another condition is looked at, and no second walk begun.
        inside = and_((LeadRow.lat + 0).between(box.south, box.north), (LeadRow.lon + 0).between(box.west, box.east))
        conditions.append(_Condition((select(LeadRow.lead_id).where(within),), inside))
    if query.sha256 is not None:
        found = select(PackageFileRow.lead_id).where(PackageFileRow.sha256 == query.sha256)
        conditions.append(_Condition((found,), LeadRow.lead_id.in_(found)))
    return conditions


def _with_word(word: SearchWord, column: ColumnElement[str] | InstrumentedAttribute[str]) -> _Condition:
    term = LeadTermRow.term
    if word.is_beginning:
        asked = [and_(term >= word.terms[0], term < after_all_with(word.terms[0]))]
    else:
        asked = [term == pair for pair in word.terms]
    ways = tuple(select(LeadTermRow.lead_id).where(each) for each in asked)
    return _Condition(ways, column.contains(word.text, autoescape=True))


def _shortest(session: Session, ways: Sequence[Select[str]]) -> Select[str] | None:
    """Return the selection with the fewest leads; ``None`` where none has fewer than `FEW`."""
    shortest, least = None, FEW
    for way in ways:
        count = session.scalar(select(func.count()).select_from(way.limit(least).subquery())) or 0
        if count < least:
            shortest, least = way, count
    return shortest


def _uscc(query: LeadQuery) -> str | None:
    enterprise = (query.enterprise or "").strip().upper()
    is_code = len(enterprise) == 18 and enterprise.isascii() and enterprise.isalnum()
    return enterprise if is_code else None


def _write_cursor(start: datetime, lead_id: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([start.isoformat(), lead_id]).encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        start, lead_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        moment = datetime.fromisoformat(start)
    except (ValueError, TypeError, binascii.Error) as fault:
        raise ValueError("the cursor is not one that this list gave out") from fault
    if not isinstance(lead_id, str) or moment.tzinfo is None:
        raise ValueError("the cursor is not one that this list gave out")
    return moment, lead_id
