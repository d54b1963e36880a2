"""Search: what leads are found by, on both databases."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from api.contract.wire.lead import LeadDocument
from api.contract.wire.state import LeadState
from api.people.accounts import open_database
from api.settings import Settings
from api.store import search
from api.store.database import Database
from api.store.leads import announce_lead, index_waiting
from api.store.search import Box, LeadQuery, find_holdings, index_files, list_leads
from api.store.tables import LeadRow
from api.store.transitions import move_lead
from tests.api.conftest import sample_lead
from tests.api.contract.sample import START
from tests.api.postgresql import over_postgresql

SHA = "0f" * 32


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each kind."""
    settings = Settings(data_dir=tmp_path)
    if request.param == "postgresql":
        settings = over_postgresql(settings, tmp_path)
    with open_database(settings) as database:
        yield database


def make_lead(number: int, **changes: object) -> LeadDocument:
    """A lead like the sample's, later by a minute for each number."""
    lead = sample_lead(f"L20261123-{number:06}").model_dump(by_alias=True)
    start = START + timedelta(minutes=number)
    lead["event"] |= {"start": start, "confirmed": start, "end": start + timedelta(seconds=9)}
    for name, value in changes.items():
        lead[name] = lead[name] | value if isinstance(value, dict) and isinstance(lead[name], dict) else value
    return LeadDocument.model_validate(lead)


LEADS = (
    make_lead(
        1,
        place={"division": "110112", "town": "张家湾镇", "lon": 116.70, "lat": 39.85},
        target={"uscc": "91110000802100433B", "name": "通州钢铁厂", "outlet": "DA001"},
    ),
    make_lead(2, place={"division": "110108", "town": "四季青", "lon": 116.28, "lat": 39.95}, camera={"id": "cam-9"}),
    make_lead(
        3,
        violation_code="V01_STACK_SMOKE",
        place={"division": "310101", "town": "外滩", "lon": 121.49, "lat": 31.24},
        target={"uscc": "914403001922038216", "name": "铁山钢厂（通州）Steel Works", "outlet": "DA002"},
    ),
)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A reading session over three leads."""
    with database.writing() as writing:
        for lead in LEADS:
            announce_lead(writing, lead, None, START)
        index_files(writing, LEADS[1].lead_id, "ee" * 32, {"clip.mp4": SHA, "manifest.json": "0e" * 32})
    with database.reading() as session:
        yield session


def found(session: Session, query: LeadQuery) -> list[int]:
    """The numbers of the leads that a query finds."""
    documents, _ = list_leads(session, query)
    return [int(LeadDocument.model_validate_json(document).lead_id[-6:]) for document in documents]


QUERIES = [
    (LeadQuery(), [3, 2, 1]),
    (LeadQuery(division="11"), [2, 1]),
    (LeadQuery(division="110112"), [1]),
    (LeadQuery(division="44"), []),
    (LeadQuery(box=Box(116.0, 39.0, 117.0, 40.0)), [2, 1]),
    (LeadQuery(box=Box(116.69, 39.8, 116.71, 39.9)), [1]),
    (LeadQuery(box=Box(0.0, 0.0, 0.0, 0.0)), []),
    (LeadQuery(camera="cam-9"), [2]),
    (LeadQuery(code="V01_STACK_SMOKE"), [3]),
    (LeadQuery(states=(LeadState.CANDIDATE,)), [3, 2, 1]),
    (LeadQuery(states=(LeadState.VERIFIED,)), []),
    (LeadQuery(enterprise="91110000802100433b"), [1]),
    (LeadQuery(enterprise="通州"), [3, 1]),
    (LeadQuery(enterprise="steel"), [3]),
    (LeadQuery(enterprise="四季青"), []),
    (LeadQuery(words="钢铁厂"), [1]),
    (LeadQuery(words="钢厂"), [3]),
    (LeadQuery(words="湾"), [1]),
    (LeadQuery(words="镇"), [1]),
    (LeadQuery(words="STACK smo"), [3]),
    (LeadQuery(words="moke"), []),
    (LeadQuery(words="通州 da001"), [1]),
    (LeadQuery(words="000002"), [2]),
    (LeadQuery(words="无此字样"), []),
    (LeadQuery(words="%"), [3, 2, 1]),
    (LeadQuery(sha256=SHA), [2]),
    (LeadQuery(sha256="ee" * 32), [2]),
    (LeadQuery(sha256="aa" * 32), []),
    (LeadQuery(sha256=SHA, camera="gate-3"), []),
    (LeadQuery(start=START + timedelta(minutes=2), end=START + timedelta(minutes=3)), [2]),
    (LeadQuery(words="通州", division="31", box=Box(121.0, 31.0, 122.0, 32.0), code="V01_STACK_SMOKE"), [3]),
]


@pytest.mark.parametrize("few", [search.FEW, 0], ids=["by the fewest", "by the newest"])
def test_leads_are_found(session: Session, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    """Each condition and all together find the same leads whether their own index is walked or the newest leads."""
    monkeypatch.setattr(search, "FEW", few)
    answers = [(query, found(session, query)) for query, _ in QUERIES]
    assert answers == QUERIES


def test_pages_go_on_where_the_one_before_ended(session: Session) -> None:
    """Pages of one hold each match once, by both ways; a made-up cursor is refused."""
    for query in (LeadQuery(limit=1), LeadQuery(limit=1, division="11"), LeadQuery(limit=1, words="通州")):
        seen, cursor = [], None
        while True:
            following = LeadQuery(limit=1, division=query.division, words=query.words, cursor=cursor)
            documents, cursor = list_leads(session, following)
            seen += documents
            if cursor is None:
                break
        assert seen == list_leads(session, LeadQuery(division=query.division, words=query.words))[0]
    with pytest.raises(ValueError, match="cursor"):
        list_leads(session, LeadQuery(cursor="bm9uc2Vuc2U"))


def test_a_file_is_found_in_its_package(session: Session) -> None:
    """The hash of a file leads to its package and name; an unknown one to nothing."""
    holdings = find_holdings(session, SHA)
    assert [(LEADS[1].lead_id, "clip.mp4")] == [(holding.lead_id, holding.name) for holding in holdings]
    assert find_holdings(session, "aa" * 32) == []


def test_a_review_adds_its_reason_and_a_move_is_found_by_the_new_state(database: Database) -> None:
    """What a reviewer wrote is searched too, and the lead's state is the one it has now."""
    with database.writing() as writing:
        announce_lead(writing, LEADS[0], None, START)
        row = writing.get(LeadRow, LEADS[0].lead_id)
        assert row is not None
        row.state = LeadState.PENDING_VERIFY.value
        row.document = LEADS[0].model_copy(update={"version": 1}).model_dump_json()
    with database.writing() as writing:
        reason = "现场查看为水汽 steam"
        move_lead(writing, LEADS[0].lead_id, LeadState.REJECTED_FALSE, version=1, user="li", reason=reason, at=START)
    with database.reading() as reading:
        assert found(reading, LeadQuery(words="水汽 steam 张家湾")) == [1]
        assert found(reading, LeadQuery(states=(LeadState.REJECTED_FALSE,))) == [1]
        assert found(reading, LeadQuery(states=(LeadState.PENDING_VERIFY,))) == []


def test_leads_from_before_the_search_are_indexed_afterwards(database: Database, session: Session) -> None:
    """Leads whose terms are missing are indexed in pieces, each once."""
    assert found(session, LeadQuery(words="通州")) == [3, 1]
    session.close()
    with database.writing() as writing:
        writing.execute(text("DELETE FROM lead_terms"))
        writing.execute(text("UPDATE leads SET text = '', indexed = false, uscc = ''"))
    with database.writing() as writing:
        assert [index_waiting(writing, 2) for _ in range(3)] == [2, 1, 0]
    with database.reading() as reading:
        assert found(reading, LeadQuery(words="通州", enterprise="91110000802100433B")) == [1]
