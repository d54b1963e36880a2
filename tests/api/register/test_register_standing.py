"""What workers are told of the register: whom zones name, as they stand today, and the alert orders."""

from datetime import UTC, date, datetime

from api.contract.register.alert import AlertOrder
from api.contract.register.enterprise import Enterprise, Measure, Risk
from api.contract.register.entry import Entry
from api.contract.register.standing import RegisterStanding
from api.register.board import register_standing
from api.store.database import Database
from api.store.register.changes import put_entries
from tests.api.store.register.conftest import database
from tests.api.store.register.samples import CODES, OTHER, USCC
from tests.api.store.test_database import settings

__all__ = ["database", "settings"]

NOW = datetime(2026, 11, 20, tzinfo=UTC)
DAY = date(2026, 11, 20)
SQUARE = [[0.1, 0.1], [0.4, 0.1], [0.4, 0.4], [0.1, 0.4]]


def enter(database: Database, *documents: Entry) -> None:
    """Enter entries one by one."""
    with database.writing() as session:
        for document in documents:
            put_entries(session, [document], who="operator:li", reason="核对", at=NOW)


def told(database: Database, owners: set[str], day: date = DAY) -> RegisterStanding:
    """What workers are told where zones name these owners."""
    with database.reading() as session:
        return register_standing(session, owners, day)


def enterprise(uscc: str, name: str, **more: object) -> Enterprise:
    """An enterprise."""
    return Enterprise.model_validate({"uscc": uscc, "name": name} | more)


def test_an_empty_register_tells_nothing(database: Database) -> None:
    """Whatever zones name."""
    assert told(database, {USCC, "某厂"}) == RegisterStanding()


def test_those_that_zones_name_are_told(database: Database) -> None:
    """By code, or by a name that no other enterprise has; each with the version of its newest change."""
    enter(
        database,
        enterprise(USCC, "热力"),
        enterprise(OTHER, "电力"),
        enterprise(CODES[2], "连锁"),
        enterprise(CODES[3], "连锁"),
        enterprise(USCC, "热力公司"),
    )
    assert told(database, set()).enterprises == []
    found = told(database, {USCC, "电力", "连锁", "无人知晓"}).enterprises
    assert {each.uscc: (each.name, each.registry_version) for each in found} == {
        USCC: ("热力公司", "2026-11-20.5"),
        OTHER: ("电力", "2026-11-20.2"),
    }
    assert [each.uscc for each in told(database, {CODES[3]}).enterprises] == [CODES[3]]


def test_they_are_told_as_they_stand_today(database: Database) -> None:
    """Colour and list of the day, not those of tomorrow."""
    enter(
        database,
        enterprise(
            USCC,
            "热力",
            risk=[
                {"colour": "green", "valid_from": "2026-01-01"},
                {"colour": "red", "valid_from": "2026-11-21"},
            ],
            positive_list=[{"valid_from": "2026-11-20", "valid_to": "2026-11-20", "version": "v2"}],
            exempt_measures=["production"],
        ),
    )
    [today] = told(database, {USCC}).enterprises
    assert (today.risk, today.exempt_measures) == (Risk.GREEN, [Measure.PRODUCTION])
    assert today.positive_list is not None
    assert today.positive_list.version == "v2"
    [tomorrow] = told(database, {USCC}, date(2026, 11, 21)).enterprises
    assert (tomorrow.risk, tomorrow.positive_list) == (Risk.RED, None)


def order(number: str, begins: str, ends: str, **more: object) -> AlertOrder:
    """An alert order."""
    document = {"id": number, "level": "orange", "from": begins, "to": ends, "order": "第三号\n预警令"} | more
    return AlertOrder.model_validate(document)


def test_orders_are_told_until_a_week_after_their_end(database: Database) -> None:
    """Those to come too; of their measures only what concerns everybody and can be seen."""
    measures = [
        {"measure": "停产", "detector_code": "production"},
        {"sector": "水泥", "measure": "停止运输", "detector_code": "transport"},
        {"class": "D", "measure": "停止喷涂", "detector_code": "spraying"},
        {"measure": "加强宣传"},
    ]
    enter(
        database,
        order("old", "2026-11-01T00:00:00Z", "2026-11-12T00:00:00Z"),
        order("past", "2026-11-12T00:00:00Z", "2026-11-13T00:00:00Z"),
        order("next", "2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z", measures=measures, exempt=[OTHER]),
    )
    following, past = sorted(told(database, set()).alerts, key=lambda alert: -alert.to.timestamp())
    assert past.to == datetime(2026, 11, 13, tzinfo=UTC)
    assert (following.order, following.measures, following.exempt) == ("第三号 预警令", [Measure.PRODUCTION], [OTHER])
