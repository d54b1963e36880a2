"""Texts of messages, in both languages, from one table of words."""

from datetime import timedelta

import pytest

from api.contract.notify.messages import Digest, NamedLead, Notice
from api.contract.notify.rules import Language, NotifiedEvent
from api.contract.titles import VIOLATIONS
from api.contract.wire.role import GRANTED
from api.contract.wire.state import LeadState, Priority
from api.notify.text import digest_text, notice_text
from api.notify.words import EVENTS, PHRASES, ROLES, STATES
from tests.api.notify.conftest import NOON, PUBLIC_URL

NOTICE = Notice(
    event=NotifiedEvent.LEAD_FILED,
    at=NOON,
    lead_id="L20261123-000123",
    code="V03_STRAW_BURN",
    title_zh="可见烟气 · 疑似露天焚烧秸秆落叶",
    title_en="Visible smoke · suspected straw or leaf burning",
    priority=Priority.P1,
    state="PENDING_VERIFY",
    camera_id="gate-3",
    camera="东门",
    division="110112",
    town="张家湾镇",
    zone="农田",
    enterprise="示例农业公司",
    seen=NOON - timedelta(minutes=1),
    role="D",
    due=NOON + timedelta(minutes=15),
)


def test_a_lead_is_told_in_chinese() -> None:
    """What, where, when by local time, state, who must act by when, and the link."""
    told = notice_text(NOTICE, Language.ZH, PUBLIC_URL + "/")
    assert told.title == "P1 · 新线索 · 可见烟气 · 疑似露天焚烧秸秆落叶"
    assert told.text.splitlines() == [
        "线索：L20261123-000123 · P1",
        "事由：可见烟气 · 疑似露天焚烧秸秆落叶 (V03_STRAW_BURN)",
        "地点：张家湾镇 · 示例农业公司 · 东门 · 农田",
        "时间：2026-11-23 11:59",
        "状态：待核实",
        "请值守人员于 2026-11-23 12:15 前办理",
        "https://centre.example/#lead=L20261123-000123",
    ]


def test_a_timer_is_told_in_english_without_a_link() -> None:
    """The level stands in title and state; a site without a public address has no link."""
    told = notice_text(
        NOTICE.model_copy(update={"event": NotifiedEvent.LEAD_TIMER, "level": 100}), Language.EN, public_url=""
    )
    assert told.title == "P1 · the time is over · Visible smoke · suspected straw or leaf burning"
    assert told.text.splitlines()[-2:] == [
        "State: To verify · the time is over",
        "To act: duty officer, by 2026-11-23 12:15",
    ]
    assert told.link == ""


def test_cameras_and_the_vault_are_told() -> None:
    """A camera by its name and state, the vault by its level."""
    camera = Notice(event=NotifiedEvent.CAMERA_TROUBLE, at=NOON, state="lost", camera_id="gate-3", camera="东门")
    assert notice_text(camera, Language.ZH, "").title == "摄像机离线 · 东门"
    assert notice_text(camera, Language.ZH, "").text == "地点：东门\n时间：2026-11-23 12:00\n状态：视频流中断"
    vault = Notice(event=NotifiedEvent.VAULT_CHANGED, at=NOON, state="critical")
    assert notice_text(vault, Language.EN, "").text == "When: 2026-11-23 12:00\nState: critical"


def test_a_digest_is_told() -> None:
    """Counts in words, leads by name, how many more, and the wall's address."""
    digest = Digest(
        messages=61,
        leads=30,
        since=NOON,
        until=NOON + timedelta(minutes=1),
        priorities={"P1": 1, "P3": 29},
        codes={"V03_STRAW_BURN": 30},
        states={"PENDING_VERIFY": 30},
        others={"camera.trouble": 2},
        named=[NamedLead(lead_id="L20261123-000123", code="V03_STRAW_BURN", priority=Priority.P1, state="VERIFIED")],
    )
    told = digest_text(digest, Language.EN, PUBLIC_URL)
    assert told.title == "Digest: 30 leads, 61 messages"
    assert told.text.splitlines() == [
        "From 2026-11-23 12:00 to 2026-11-23 12:01",
        "Priority: P1 1, P3 29",
        "What: Straw or leaf burning 30",
        "State: To verify 30",
        "Others: Camera lost 2",
        "L20261123-000123 · P1 · Straw or leaf burning · Verified",
        "and 29 more, in the list of leads",
        "https://centre.example/",
    ]


def test_every_code_of_the_system_has_its_words() -> None:
    """Events, states and roles; each phrase has the same places in both languages."""
    assert set(EVENTS) == set(NotifiedEvent)
    assert {state.value for state in LeadState} <= set(STATES)
    assert {role.value for role in GRANTED} == set(ROLES)
    assert VIOLATIONS
    for title in PHRASES.values():
        assert {part.partition("}")[0] for part in title.zh.split("{")[1:]} == {
            part.partition("}")[0] for part in title.en.split("{")[1:]
        }


@pytest.mark.parametrize("language", Language)
def test_words_that_are_not_known_are_told_as_they_are(language: Language) -> None:
    """A state, a role or a code of a later version stands as it came."""
    later = NOTICE.model_copy(update={"state": "SOMETHING_NEW", "role": "Z", "due": None})
    told = notice_text(later, language, "").text
    assert "SOMETHING_NEW" in told
    assert "Z" in told.splitlines()[-1]
