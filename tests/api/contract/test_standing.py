"""How the rows of the catalogue stand, by classes, zones and day; and that every family has a rule."""

import re
from datetime import date
from importlib.resources import files

import pytest

from api.contract.catalogue import catalogue
from api.contract.standing import KINDS_ZH, Standing, standings
from api.contract.zones import ZONE_KINDS

DAY = date(2026, 11, 23)
SEEN = ("smoke", "fire")


def test_without_a_model_nothing_is_at_work() -> None:
    """Where no worker reports its model only what needs no class could be, and the reason says so."""
    rows = standings((), [("gate", "stack", "outlet")], DAY)
    assert {row.code for row in rows if row.status is not Standing.NOT_DETECTABLE} == {"V17_DEVICE_TAMPER"}
    assert {row.reason for row in rows if row.missing_classes} == {"no worker reports its model"}


@pytest.mark.parametrize("row", catalogue().violations, ids=lambda row: row.code)
def test_a_rule_is_at_work_exactly_where_one_of_its_zones_is_drawn(row: object) -> None:
    """For each row and each kind of zone."""
    code, wanted = row.code, row.zones  # type: ignore[attr-defined]
    is_seen = row.rule != "" and not row.missing(SEEN)  # type: ignore[attr-defined]
    for kind in ZONE_KINDS:
        standing = next(s for s in standings(SEEN, [("gate", "here", kind)], DAY) if s.code == code)
        assert (standing.status is Standing.ACTIVE) == (is_seen and kind in wanted)
        assert standing.drawn == (["gate/here"] if standing.status is Standing.ACTIVE else [])


def test_the_law_told_is_that_of_the_day() -> None:
    """Old law the day before the Code."""
    assert standings(SEEN, [], date(2026, 8, 14))[0].legal.basis == ["Air-18", "Air-99(2)"]
    assert standings(SEEN, [], DAY)[0].legal.basis == ["Code-1107", "Code-221"]


def test_every_kind_that_a_rule_asks_for_has_a_name() -> None:
    """In Chinese, and it is one that workers know."""
    wanted = {kind for row in catalogue().violations for kind in row.zones}
    assert wanted <= set(KINDS_ZH) <= ZONE_KINDS


def test_a_kind_has_one_name() -> None:
    """What a rule asks for is called as in the editor of zones, where it is to be found."""
    words = files("api").joinpath("wall", "js", "shared", "words", "zones.js").read_text(encoding="utf-8")
    named = dict(re.findall(r'"zone\.(\w+)": \["([^"]+)"', words))
    assert {kind: named[kind] for kind in KINDS_ZH} == dict(KINDS_ZH)
