"""Rules: which events make messages for whom, each once, and not before quiet hours are over."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from api.contract.notify.deliveries import DeliveryState
from api.contract.wire.event import EventType
from api.contract.wire.handling import LeadProposal
from api.contract.wire.place import Place
from api.contract.wire.role import LoopRole
from api.contract.wire.state import LeadState, Priority
from api.notify.notices import notice_of
from api.store.database import Database
from api.store.events import append_event
from api.store.loop.grants import grant_role, revoke_role
from api.store.notify.cursor import SourceEvent, planned_cursor
from api.store.notify.log import list_deliveries
from api.store.notify.tables import NotificationRow
from api.store.people import Role, add_operator, disable_operator
from api.store.tables import EventRow
from tests.api.conftest import sample_lead
from tests.api.notify.conftest import NOON, Site


def waiting(database: Database) -> list[tuple[str, str]]:
    """Event and lead of each message, oldest first."""
    with database.reading() as session:
        page = list_deliveries(session, state=DeliveryState.WAITING, channel=None, lead=None, before=None, limit=200)
    return [(each.event, each.lead_id) for each in reversed(page.notifications)]


def not_before(database: Database) -> list[datetime]:
    with database.reading() as session:
        return [row.not_before for row in session.query(NotificationRow).order_by(NotificationRow.seq)]


def test_without_rules_nothing_is_told_then_or_later(wired: Callable[..., Site]) -> None:
    """Events from before a rule make no message; the cursor has passed them."""
    site = wired(enabled=False)
    site.file(2)
    assert site.planner.turn() == 0
    site.rule(enabled=True)
    assert site.planner.turn() == 0
    site.file(1)
    assert site.planner.turn() == 1


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, True),
        ({"priorities": ["P1"]}, False),
        ({"priorities": ["P1", "P2"]}, True),
        ({"codes": ["V02_COLOR_PLUME"]}, False),
        ({"divisions": ["1101"]}, True),
        ({"divisions": ["3101", "110113"]}, False),
        ({"states": ["VERIFIED"]}, False),
        ({"states": ["PENDING_VERIFY"]}, True),
        ({"events": ["lead.changed"]}, False),
        ({"levels": [100]}, True),
        ({"schedule": [{"from": "08:00", "to": "18:00"}]}, True),
        ({"schedule": [{"from": "18:00", "to": "08:00"}]}, False),
        ({"schedule": [{"days": ["sun"], "from": "08:00", "to": "18:00"}]}, False),
        ({"schedule": [{"days": ["sun"], "from": "13:00", "to": "13:00"}]}, True),
    ],
)
def test_all_that_a_rule_asks_for_must_hold(wired: Callable[..., Site], asked: dict[str, object], told: bool) -> None:
    """Of a P2 lead of district 110112 at noon on a Monday; a span of Sunday may last until Monday."""
    site = wired(**asked)
    site.file(1)
    assert site.planner.turn() == int(told)


def test_a_channel_is_told_once_of_an_event(wired: Callable[..., Site]) -> None:
    """Two rules that name the same channel make one message, as early as either of them lets it go."""
    site = wired(quiet_hours=[{"from": "11:00", "to": "13:00"}])
    site.rule(id="other")
    site.file(1)
    assert site.planner.turn() == 1
    assert not_before(site.database) == [NOON]


def test_quiet_hours_hold_all_but_what_breaks_through(wired: Callable[..., Site]) -> None:
    """A P2 lead waits for their end, a P1 lead goes at once."""
    site = wired(quiet_hours=[{"from": "11:00", "to": "13:00"}])
    site.file(1)
    site.file(1, priority=Priority.P1)
    site.planner.turn()
    assert not_before(site.database) == [NOON + timedelta(hours=1), NOON]


def test_events_are_taken_once_by_many(wired: Callable[..., Site]) -> None:
    """A second planner finds nothing new, and the cursor is that of the newest event."""
    site = wired()
    leads = site.file(3)
    assert (site.planner.turn(), Site(site.database).planner.turn()) == (3, 0)
    assert waiting(site.database) == [("lead.filed", lead.lead_id) for lead in leads]
    with site.database.reading() as session:
        assert planned_cursor(session) == 3


def test_a_timer_is_told_by_what_its_event_says(wired: Callable[..., Site]) -> None:
    """Level, state, role and due are those of the event, whatever the lead says by now."""
    site = wired(events=["lead.timer"], levels=[100, 150], states=["PENDING_VERIFY"])
    lead = sample_lead()
    with site.database.writing() as session:
        for level in (50, 100):
            due = "2026-11-23T04:15:00Z"
            data = {"level": level, "state": "PENDING_VERIFY", "due": due, "role": "P"}
            event = SourceEvent(cursor=level, type="lead.timer", at=NOON, subject=lead.lead_id, lead=lead, data=data)
            row = EventRow(type=event.type, at=NOON, subject=event.subject, document=event.model_dump_json())
            session.add(row)
        notice = notice_of(session, event, "Asia/Shanghai")
    assert notice is not None
    assert (notice.level, notice.role, notice.due) == (100, "P", NOON + timedelta(minutes=15))
    assert site.planner.turn() == 1


def test_a_lead_says_who_must_act_and_by_when(site: Site) -> None:
    """By the clock of its state, and by what was proposed; who need not act is not named."""
    due = NOON + timedelta(minutes=15)
    lead = sample_lead().model_copy(update={"state": LeadState.PENDING_VERIFY, "timers": {"verify_by": due}})
    silent = lead.model_copy(update={"state": LeadState.CLOSED, "timers": {"archived_at": due}})
    proposal = LeadProposal(to=LeadState.VERIFIED, role=LoopRole.DUTY, by="li", at=NOON)
    found = []
    with site.database.reading() as session:
        for each in (lead, lead.model_copy(update={"proposal": proposal}), silent):
            event = SourceEvent(cursor=1, type="lead.changed", at=NOON, subject=lead.lead_id, lead=each)
            notice = notice_of(session, event, "Asia/Shanghai")
            assert notice is not None
            found.append((notice.role, notice.due))
    assert found == [("D", due), ("V", due), ("", None)]


def test_an_event_that_cannot_be_read_is_passed_over(wired: Callable[..., Site]) -> None:
    """It is told as an unreadable row, and the next one makes its message."""
    site = wired(events=["lead.filed", "camera.trouble"])
    with site.database.writing() as session:
        session.add(EventRow(type="lead.filed", at=NOON, subject="x", document="{}"))
        event = SourceEvent(cursor=2, type="vault.changed", at=NOON, subject="x" * 200, data={"level": "\0"})
        session.add(EventRow(type=event.type, at=NOON, subject="x", document=event.model_dump_json()))
        camera = event.model_copy(update={"type": "camera.changed", "data": {"state": "lost"}})
        session.add(EventRow(type=camera.type, at=NOON, subject="x", document=camera.model_dump_json()))
    site.file(1)
    assert site.planner.turn() == 1
    assert "2 of events" in site.database.unreadable.sentence()


def test_camera_trouble_is_told_when_it_comes_and_goes(wired: Callable[..., Site]) -> None:
    """Lost, silent, and back; not each step between, and not what leads are asked for."""
    site = wired(events=["camera.trouble", "camera.restored", "vault.changed"], priorities=["P1"])
    states = ["connecting", "playing", "lost", "silent", "playing", "stopped"]
    with site.database.writing() as session:
        for before, state in zip(["", *states], states, strict=False):
            data = {"state": state, "before": before or None, "error": "rtsp://10.0.0.9: timed out"}
            append_event(session, EventType.CAMERA_CHANGED, "gate-3", NOON, data=data)
        append_event(session, EventType.CAMERA_CHANGED, "gate-3", NOON, data={"change": "zones", "by": "operator:li"})
        append_event(session, EventType.VAULT_CHANGED, "vault", NOON, data={"level": "critical", "before": "ample"})
    assert site.planner.turn() == 3
    assert [event for event, _ in waiting(site.database)] == ["camera.trouble", "camera.restored", "vault.changed"]


def test_a_notice_names_no_person_and_no_private_owner(site: Site) -> None:
    """Who moved a lead stays inside, and so does an owner who is not of the register."""
    lead = sample_lead()
    values = {
        "place": Place(division="110112", town="张家湾镇"),
        "target": {"zone": "1号排口", "name": "张三", "outlet": "DA001"},
        "state": LeadState.VERIFIED,
    }
    told = lead.model_validate(lead.model_dump(mode="json") | {k: v for k, v in values.items() if k == "target"})
    data = {"from": "PENDING_VERIFY", "by": "operator:王五"}
    event = SourceEvent(cursor=1, type="lead.changed", at=NOON, subject=lead.lead_id, lead=told, data=data)
    with site.database.reading() as session:
        notice = notice_of(session, event, "Asia/Shanghai")
    assert notice is not None
    assert notice.enterprise == ""
    assert "张三" not in notice.model_dump_json()
    assert "王五" not in notice.model_dump_json()


def told(site: Site) -> list[str]:
    """The channels of all messages."""
    site.planner.turn()
    with site.database.reading() as session:
        return sorted(row.channel for row in session.query(NotificationRow))


def staffed(site: Site) -> Site:
    """Operators with roles in divisions, each with a channel of the same name, and one channel that is nobody's."""
    grants = {"wang": ("D", ""), "li": ("D", "110112"), "zhao": ("D", "1102"), "sun": ("V", "11"), "qian": ("D", "")}
    for name, (role, division) in grants.items():
        with site.database.writing() as session:
            add_operator(session, name, Role.OPERATOR, "an-operator-of-the-site", NOON)
            grant_role(session, name, LoopRole(role), division, by="test", at=NOON)
        site.channel("https://hooks.example/", name=name, operator=name)
    site.channel("https://hooks.example/", name="desk")
    with site.database.writing() as session:
        disable_operator(session, "qian", NOON)
    return site


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"roles": ["D"], "channels": []}, ["li", "wang"]),
        ({"roles": ["V"], "channels": []}, ["sun"]),
        ({"roles": ["D", "V"], "channels": []}, ["li", "sun", "wang"]),
        ({"roles": ["R"], "channels": []}, []),
        ({"roles": ["D"], "channels": ["desk", "wang"]}, ["desk", "li", "wang"]),
        ({"channels": ["zhao"]}, ["zhao"]),
    ],
)
def test_a_role_reaches_its_holders_in_the_lead_s_division(
    site: Site, asked: dict[str, object], expected: list[str]
) -> None:
    """Of a lead of district 110112: whoever holds the role there and is not disabled, each channel once."""
    staffed(site).rule(**asked)
    site.file(1)
    assert told(site) == expected


def test_a_role_is_held_when_the_event_is_told(site: Site) -> None:
    """Who lost the role is not told of what comes after; a second channel of the same person is."""
    staffed(site).rule(roles=["D"], channels=[])
    site.channel("https://hooks.example/", name="wang-phone", operator="wang")
    with site.database.writing() as session:
        revoke_role(session, "li", LoopRole.DUTY, "110112", by="test", at=NOON)
    site.file(1)
    assert told(site) == ["wang", "wang-phone"]


def test_what_has_no_division_reaches_those_of_the_whole_site(site: Site) -> None:
    """The vault's room concerns holders without a division alone."""
    staffed(site).rule(roles=["D", "V"], channels=[], events=["vault.changed"])
    with site.database.writing() as session:
        append_event(session, EventType.VAULT_CHANGED, "vault", NOON, data={"level": "critical", "before": "ample"})
    assert told(site) == ["wang"]


def test_a_site_without_grants_reaches_nobody_by_role(wired: Callable[..., Site]) -> None:
    """Nobody holds a role there; the channels that the rule names are told all the same."""
    site = wired(roles=["D", "V", "E", "P", "O", "R", "M", "X"])
    site.file(1)
    assert told(site) == ["desk"]
