"""A register for checks: enterprises of each kind, officers, a planned check."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from api.clock import utc_now
from api.contract.register.enterprise import Enterprise, Listing, Risk, RiskEntry
from api.contract.register.entry import Entry
from api.contract.register.plan import Plan
from api.contract.register.staff import Officer
from api.store.register.changes import put_entry
from tests.api.conftest import RunningApi

RED, GREEN, LISTED = "91110000802100433B", "914403001922038216", "91350100M000100Y43"
UNKNOWN = "91110108551385082Q"
OFFICERS = ["11-0001", "11-0002", "11-0003"]
LAPSED = "11-0009"
ENTERED = datetime(2026, 1, 2, tzinfo=UTC)
_SINCE = date(2026, 1, 1)


def fill_register(api: RunningApi) -> None:
    """Enter them as of the beginning of the year."""
    colours = {RED: Risk.RED, GREEN: Risk.GREEN, LISTED: Risk.YELLOW}
    entries: list[Entry] = [
        Enterprise(
            uscc=uscc,
            name=f"测试企业 {uscc[-4:]}",
            division="110112",
            lon=116.65,
            lat=39.91,
            risk=[RiskEntry(colour=colour, valid_from=_SINCE)],
            positive_list=[Listing(valid_from=_SINCE)] if uscc == LISTED else [],
        )
        for uscc, colour in colours.items()
    ]
    entries += [
        Officer(cert_no=number, name=f"执法员 {number}", division="110112", valid_from=_SINCE) for number in OFFICERS
    ]
    entries.append(Officer(cert_no=LAPSED, name="已过期", valid_from=_SINCE, valid_to=date(2026, 1, 31)))
    entries.append(Plan(id="P-1", year=2026, uscc=RED, items=["大气"]))
    with api.state.database.writing() as session:
        for entry in entries:
            put_entry(session, entry, 0, who="operator:test", reason="test", at=ENTERED)


def request(uscc: str = RED, **more: Any) -> dict[str, Any]:
    """A request for a code that is granted."""
    asked = {
        "basis": "complaint",
        "uscc": uscc,
        "items": ["大气污染防治设施"],
        "officers": OFFICERS[:2],
        "reason": "来访举报",
    }
    return {**asked, **more}


def later(days: float) -> str:
    """A time from now on, as a request has it."""
    return (utc_now() + timedelta(days=days)).isoformat()
