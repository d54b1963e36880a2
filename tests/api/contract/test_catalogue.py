"""The violation catalogue holds what domain.md 7.1 says, by the law of the day."""

from datetime import date

import pytest
from pydantic import ValidationError

from api.contract.catalogue import Catalogue, catalogue

OLD_DAY, NEW_DAY = date(2026, 8, 14), date(2026, 8, 15)


def test_the_catalogue_holds_every_code_once() -> None:
    """V01 to V17 with V01B: eighteen rows."""
    assert [row.code[:4].rstrip("_") for row in catalogue().violations] == [
        *("V01", "V01B", "V02", "V03", "V04", "V05", "V06", "V07", "V08"),
        *("V09", "V10", "V11", "V12", "V13", "V14", "V15", "V16", "V17"),
    ]


@pytest.mark.parametrize(
    ("code", "severity", "authority"),
    [
        ("V01_STACK_SMOKE", 20, "生态环境"),
        ("V01B_BYPASS", 25, "生态环境、公安"),
        ("V05_OPEN_BBQ", 10, "城管"),
        ("V10_BLACK_CAR", 12, "公安交管"),
        ("V12_ALERT_STOP", 22, "生态环境、住建"),
        ("V15_COLOR_WATER", 22, "生态环境、水务"),
    ],
)
def test_severity_and_authority_are_those_of_the_law_table(code: str, severity: int, authority: str) -> None:
    """Spot checks of domain.md 7.1."""
    legal = catalogue().legal_at(code, NEW_DAY)
    assert legal is not None
    assert (catalogue().by_code[code].severity, legal.authority) == (severity, authority)


@pytest.mark.parametrize(
    ("code", "day", "basis", "text"),
    [
        ("V01_STACK_SMOKE", OLD_DAY, ["Air-18", "Air-99(2)"], "《大气污染防治法》第18条、第99条第2项"),
        ("V01_STACK_SMOKE", NEW_DAY, ["Code-1107", "Code-221"], "《生态环境法典》第1107条、第221条"),
        ("V04_WASTE_BURN", OLD_DAY, ["Air-82", "Air-119", "SolidWaste-111"], "《固体废物污染环境防治法》第111条"),
        ("V13_OUTDOOR_SPRAY", NEW_DAY, ["Code-214", "Code-1120(2)", "Code-1133"], "第1120条第2项"),
        ("V17_DEVICE_TAMPER", NEW_DAY, ["Code-184", "Code-1086", "Monitoring-21", "Monitoring-23"], "第21条"),
    ],
)
def test_the_law_is_that_of_the_day_of_the_act(code: str, day: date, basis: list[str], text: str) -> None:
    """The old laws hold through 2026-08-14, the Code from 2026-08-15 (domain.md, first of the nine things)."""
    legal = catalogue().legal_at(code, day)
    assert legal is not None
    assert (legal.in_force_at, legal.basis) == (day.isoformat(), basis)
    assert text in legal.text_zh


def test_penalties_are_told_where_they_are_known() -> None:
    """Amounts of the Code are in the table, those of the old laws are not, and no row is confirmed by anybody yet."""
    new, old = (catalogue().legal_at("V06_FUME_DIRECT", day) for day in (NEW_DAY, OLD_DAY))
    assert new is not None
    assert old is not None
    assert (new.penalty_zh, old.penalty_zh) == ("5000元以上5万元以下罚款；禁设场所1万元以上10万元以下", "")
    assert {row.legal_confirmed_by for row in catalogue().violations} == {""}
    assert [row.code for row in catalogue().violations if not row.penalty_zh] == ["V02_COLOR_PLUME"]


def test_what_is_never_only_warned_of() -> None:
    """Open burning, dumping, by-pass and illegal discharge, production in an alert, tampering (domain.md 6.5)."""
    assert [row.code[:4].rstrip("_") for row in catalogue().violations if row.never_warn_only] == [
        *("V01B", "V03", "V04", "V12", "V14", "V15", "V17"),
    ]


def test_an_unknown_code_has_no_law() -> None:
    """Nothing is made up for a code outside the catalogue."""
    assert catalogue().legal_at("V99_UNHEARD_OF", NEW_DAY) is None


def test_a_row_that_names_an_unknown_law_is_refused() -> None:
    """Every law and authority of a row is explained in the file."""
    values = catalogue().model_dump()
    values["violations"][0]["basis"] = ["Sea-1"]
    with pytest.raises(ValidationError, match="V01_STACK_SMOKE names Sea"):
        Catalogue.model_validate(values)
