"""What a lead is called: what was seen, and no more."""

import pytest

from api.contract.catalogue import catalogue
from api.contract.titles import VIOLATIONS, Title, is_code_proposed, title, title_of
from api.contract.wire.lead import LeadDisposition
from tests.api.conftest import sample_lead

READ = {"validity": "valid", "grade": 2.25, "grade_limit": 1.0}
PEAK = {"validity": "valid", "grade": None, "grade_limit": 1.0, "values": {"peak_grade": 2.25}}

TITLES: list[tuple[str, str, dict[str, object], list[str], str, str]] = [
    ("V01_STACK_SMOKE", "smoke", {}, [], "可见烟气", "Visible smoke"),
    ("V01_STACK_SMOKE", "smoke", {}, ["code_proposed", "unattributed"], "可见烟气", "Visible smoke"),
    ("V01_STACK_SMOKE", "smoke", READ, ["over_limit"], "烟气黑度超标", "Smoke over the limit"),
    ("V01_STACK_SMOKE", "smoke", READ | {"grade": 1.0}, ["below_limit"], "可见烟气", "Visible smoke"),
    ("V01_STACK_SMOKE", "smoke", READ | {"validity": "dark"}, ["not_measured"], "可见烟气", "Visible smoke"),
    ("V01_STACK_SMOKE", "smoke", READ | {"grade_limit": None}, [], "可见烟气", "Visible smoke"),
    ("V01_STACK_SMOKE", "smoke", PEAK, ["fast_alarm"], "烟气黑度超标", "Smoke over the limit"),
    ("V01_STACK_SMOKE", "smoke", PEAK, ["not_lasting"], "可见烟气", "Visible smoke"),
    ("V02_COLOR_PLUME", "smoke", {"colour": "yellow"}, [], "有色烟羽", "Coloured plume"),
    ("V03_STRAW_BURN", "smoke", {}, [], "可见烟气 · 疑似露天焚烧秸秆落叶",
     "Visible smoke · suspected straw or leaf burning"),
    ("V03_STRAW_BURN", "smoke", {}, ["code_proposed"], "可见烟气", "Visible smoke"),
    ("V06_FUME_DIRECT", "smoke", {}, [], "可见烟气 · 疑似油烟直排", "Visible smoke · suspected untreated cooking fume"),
    ("V04_WASTE_BURN", "fire", {}, ["fire_alarm", "code_proposed"], "火情报警", "Fire alarm"),
    ("V03_STRAW_BURN", "fire", {}, ["fire_alarm"], "火情报警", "Fire alarm"),
    ("V04_WASTE_BURN", "fire", {}, ["flames_explained", "code_proposed"], "可见明火", "Visible flames"),
    ("V05_OPEN_BBQ", "fire", {}, ["flames_explained"], "可见明火 · 疑似露天烧烤",
     "Visible flames · suspected open-air barbecue"),
    ("V17_DEVICE_TAMPER", "covered", {}, ["tampering"], "监控设备异常", "Monitoring device tampered"),
    ("V99_NEW", "moved", {}, [], "V99_NEW", "V99_NEW"),
]  # fmt: skip
"""Code, class, what was measured, reasons; the title in Chinese and English."""


@pytest.mark.parametrize(("code", "class_name", "measured", "reasons", "zh", "en"), TITLES)
def test_a_title_says_what_was_seen(
    code: str, class_name: str, measured: dict[str, object], reasons: list[str], zh: str, en: str
) -> None:
    """Over the limit only with a valid reading above it; fire before its code; a suspicion is named as one."""
    measure = sample_lead().measure.model_copy(update={"class_name": class_name, "values": {}} | measured)
    assert title(code, measure, reasons) == Title(zh, en)


def test_a_lead_nobody_has_judged_has_a_title_too() -> None:
    """Without a disposition there is no reason to call it more than what was seen."""
    lead = sample_lead().model_copy(update={"disposition": None, "violation_code": "V01_STACK_SMOKE"})
    assert (title_of(lead).en, is_code_proposed(lead)) == ("Visible smoke", False)
    proposed = lead.model_copy(update={"disposition": LeadDisposition(reasons=["code_proposed"])})
    assert is_code_proposed(proposed)


def test_every_row_of_the_catalogue_has_a_short_name() -> None:
    """And no name is of a row that the catalogue does not hold."""
    assert VIOLATIONS.keys() == catalogue().by_code.keys()
