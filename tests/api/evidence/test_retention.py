"""Keeper: what goes, what stays, and the warning before there is no room."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import cast

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from api.clock import utc_now
from api.contract.wire.event import EventType
from api.contract.wire.state import LeadState
from api.evidence.capacity import RoomLevel, rate_of, rule_of, vault_state
from api.evidence.retention import Retention, erase_left_overs, prune
from api.evidence.vault import Space, Vault
from api.settings import Settings
from api.store.database import Database
from api.store.events import newest_event
from api.store.evidence.holds import Stock, due_packages
from api.store.evidence.tlog import LeafKind, leaves_about
from api.store.transitions import move_lead
from tests.api.conftest import Posting, RunningApi
from tests.api.contract.sample import LEAD_ID

BASE = f"/v1/evidence/{LEAD_ID}"


@pytest.fixture
def filed(enrolled: httpx.Client, make_posting: Callable[..., Posting]) -> Posting:
    """A filed lead."""
    posting = make_posting()
    assert posting.send(enrolled).status_code == 201
    return posting


def settings_with(api: RunningApi, **changes: object) -> Settings:
    """The API's settings, changed."""
    return api.settings.model_copy(update=changes)


def prune_after(api: RunningApi, days: float) -> int:
    """Delete what is due so many days from now."""
    return prune(api.state.database, api.state.vault, api.settings, utc_now() + timedelta(days=days))


def reject(api: RunningApi) -> None:
    """Find the lead to be false."""
    with api.state.database.writing() as session:
        move_lead(session, LEAD_ID, LeadState.REJECTED_FALSE, version=1, user="li", reason="水汽", at=utc_now())


def test_nothing_is_due_in_an_empty_vault(api: RunningApi) -> None:
    """Nothing goes where nothing is."""
    assert prune_after(api, 10_000) == 0


def test_a_case_stays_for_five_years_and_a_rejected_lead_for_90_days(api: RunningApi, filed: Posting) -> None:
    """Each class goes after its days and not before; a decision starts the days of its class anew."""
    assert filed.lead.lead_id == LEAD_ID
    assert prune_after(api, 1826) == 0
    reject(api)
    assert prune_after(api, 89) == 0
    assert prune_after(api, 91) == 1
    assert prune_after(api, 10_000) == 0, "once"


def test_a_deletion_is_a_leaf_and_what_is_left_says_so(api: RunningApi, operator: httpx.Client, filed: Posting) -> None:
    """The leaf names package and reason; files are 410, while lead, custody and the list in the log stay."""
    reject(api)
    assert prune_after(api, 91) == 1
    with api.state.database.reading() as session:
        kinds = {leaf.kind: leaf.data for leaf in leaves_about(session, LEAD_ID)}
    assert filed.lead.evidence is not None
    assert filed.lead.evidence.sums_sha256.encode() in kinds[LeafKind.DELETION]
    assert b"clip.mp4" in kinds[LeafKind.PACKAGE]
    for path in ("", "/files", "/files/clip.mp4", "/package.tar", "/verification", "/report.pdf"):
        answer = operator.get(BASE + path)
        assert (answer.status_code, answer.json()["type"]) == (410, "urn:plumewatch:problem:evidence-deleted"), path
    assert operator.get(f"/v1/leads/{LEAD_ID}").status_code == 200
    assert operator.get(f"{BASE}/custody").json()["entries"][-1]["action"] == "deleted"
    assert [path for path in (api.settings.data_dir / "vault").rglob("*") if path.is_file()] == []
    room = operator.get("/v1/vault").json()
    assert (room["packages"], room["deleted"], room["due"]) == (0, 1, 0)


def test_a_hold_beats_retention(api: RunningApi, operator: httpx.Client, filed: Posting) -> None:
    """While a hold is set nothing goes, however long; released, the package goes when it is due. Both are leaves."""
    reject(api)
    assert filed.lead.lead_id == LEAD_ID
    held = operator.post(f"{BASE}/holds", json={"held": True, "reason": "行政复议"})
    assert (held.status_code, held.json()["held"]) == (200, True)
    assert operator.post(f"{BASE}/holds", json={"held": True, "reason": "again"}).status_code == 409
    assert prune_after(api, 20_000) == 0
    with api.state.database.reading() as session:
        found = vault_state(api.state.database, api.state.vault, api.settings, utc_now() + timedelta(days=20_000))
        assert (found.stock.held, found.stock.due) == (1, 0)
        assert due_packages(session, rule_of(api.settings), utc_now() + timedelta(days=20_000), 10) == []
    released = operator.post(f"{BASE}/holds", json={"held": False, "reason": "复议终结"}).json()
    assert [hold["held"] for hold in released["holds"]] == [True, False]
    assert prune_after(api, 91) == 1
    with api.state.database.reading() as session:
        kinds = [leaf.kind for leaf in leaves_about(session, LEAD_ID)]
    assert (kinds.count(LeafKind.HOLD), kinds.count(LeafKind.DELETION)) == (2, 1)


def test_a_cut_between_leaf_and_erasing_is_made_good(api: RunningApi, filed: Posting) -> None:
    """A package whose deletion was recorded before a power cut is erased at the next start."""
    assert filed.lead.evidence is not None
    with api.state.database.writing() as session:
        session.execute(text("UPDATE packages SET deleted = 1"))
    assert list(api.state.vault.packages()) == [filed.lead.evidence.sums_sha256]
    assert erase_left_overs(api.state.database, api.state.vault) == 1
    assert list(api.state.vault.packages()) == []


class Between:
    """The store, in which something happens once right after the first listing."""

    def __init__(self, database: Database, act: Callable[[], object]) -> None:
        self._database = database
        self._act: Callable[[], object] | None = act

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Read, then let it happen."""
        with self._database.reading() as session:
            yield session
        act, self._act = self._act, None
        if act is not None:
            act()

    def writing(self) -> AbstractContextManager[Session]:
        """Write."""
        return self._database.writing()


def prune_while(api: RunningApi, act: Callable[[], object]) -> int:
    """Prune in 91 days, while something else happens between listing and deleting."""
    database = cast("Database", Between(api.state.database, act))
    return prune(database, api.state.vault, api.settings, utc_now() + timedelta(days=91))


def test_a_package_is_deleted_once_by_two_processes(api: RunningApi, operator: httpx.Client, filed: Posting) -> None:
    """Two that list the same package make one leaf and one entry of custody; the time of the first stays."""
    assert filed.lead.lead_id == LEAD_ID
    reject(api)
    first: list[int] = []
    assert prune_while(api, lambda: first.append(prune_after(api, 91))) == 0
    assert first == [1]
    with api.state.database.reading() as session:
        kinds = [leaf.kind for leaf in leaves_about(session, LEAD_ID)]
    assert kinds.count(LeafKind.DELETION) == 1
    actions = [entry["action"] for entry in operator.get(f"{BASE}/custody").json()["entries"]]
    assert actions.count("deleted") == 1


def test_a_hold_set_after_the_listing_still_holds(api: RunningApi, operator: httpx.Client, filed: Posting) -> None:
    """A hold that comes between listing and deleting keeps the package, and the others are looked at all the same."""
    assert filed.lead.lead_id == LEAD_ID
    reject(api)
    hold = {"held": True, "reason": "行政复议"}
    assert prune_while(api, lambda: operator.post(f"{BASE}/holds", json=hold).raise_for_status()) == 0
    assert operator.get(f"{BASE}/files/clip.mp4").status_code == 200


def test_a_decision_after_the_listing_still_counts(api: RunningApi, operator: httpx.Client, filed: Posting) -> None:
    """What was decided between listing and deleting starts its days anew: the package stays."""
    assert filed.lead.lead_id == LEAD_ID

    def decide() -> None:
        with api.state.database.writing() as session:
            later = utc_now() + timedelta(days=9_990)
            move_lead(session, LEAD_ID, LeadState.VERIFIED, version=1, user="li", reason="属实", at=later)

    database = cast("Database", Between(api.state.database, decide))
    assert prune(database, api.state.vault, api.settings, utc_now() + timedelta(days=10_000)) == 0
    assert operator.get(f"{BASE}/files/clip.mp4").status_code == 200


def test_a_deleted_package_cannot_be_held(api: RunningApi, operator: httpx.Client, filed: Posting) -> None:
    """410: a hold would promise what is not there any more."""
    assert filed.lead.lead_id == LEAD_ID
    reject(api)
    assert prune_after(api, 91) == 1
    answer = operator.post(f"{BASE}/holds", json={"held": True, "reason": "行政复议"})
    assert (answer.status_code, answer.json()["type"]) == (410, "urn:plumewatch:problem:evidence-deleted")
    assert operator.get(f"{BASE}/holds").json()["holds"] == []


def test_what_cannot_be_erased_is_erased_at_the_next_look(api: RunningApi, filed: Posting) -> None:
    """A vault that refuses once keeps a package whose deletion is recorded; the keeper goes on owing it."""
    assert filed.lead.evidence is not None
    with api.state.database.writing() as session:
        session.execute(text("UPDATE packages SET received = 1"))
        session.execute(text("UPDATE leads SET changed = 1"))
    state = replace(api.state, settings=settings_with(api, retention_deletes=True))
    place = api.settings.data_dir / "vault" / "incoming" / f"erased-{filed.lead.evidence.sums_sha256}"
    (place / "in the way").mkdir(parents=True)
    keeper = Retention(state)
    keeper.look()
    assert list(api.state.vault.packages()) == [filed.lead.evidence.sums_sha256]
    shutil.rmtree(place)
    keeper.look()
    assert list(api.state.vault.packages()) == []


def test_nothing_goes_by_itself_unless_the_site_says_so(
    api: RunningApi, operator: httpx.Client, filed: Posting
) -> None:
    """With a retention of a day long over, a package is listed as due and stays."""
    assert filed.lead.lead_id == LEAD_ID
    with api.state.database.writing() as session:
        session.execute(text("UPDATE packages SET received = 1"))
        session.execute(text("UPDATE leads SET changed = 1"))
    Retention(api.state).look()
    assert [due["lead_id"] for due in operator.get("/v1/vault/due").json()["due"]] == [LEAD_ID]
    assert operator.get(f"{BASE}/files/clip.mp4").status_code == 200


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({}, RoomLevel.AMPLE),
        ({"vault_capacity_bytes": 10**15}, RoomLevel.AMPLE),
        ({"vault_capacity_bytes": 10**15, "vault_warn_days": 10**12}, RoomLevel.CRITICAL),
        ({"vault_capacity_bytes": 200_000, "vault_warn_days": 10}, RoomLevel.WARNING),
        ({"vault_capacity_bytes": 1000}, RoomLevel.CRITICAL),
    ],
)
def test_the_warning_comes_before_the_vault_is_full(
    api: RunningApi, filed: Posting, changes: dict[str, object], level: RoomLevel
) -> None:
    """The level follows the days that are left at the present rate, and the share that is free."""
    assert filed.lead.lead_id == LEAD_ID
    settings = settings_with(api, vault_warn_share=0.0001, **changes)
    found = vault_state(api.state.database, api.state.vault, settings, utc_now())
    assert level is found.level, found


@pytest.mark.parametrize(
    ("age_days", "day", "week", "expected"),
    [
        (None, 0, 0, 0.0),
        (0.1, 600, 600, 600.0),
        (3.0, 100, 600, 200.0),
        (30.0, 100, 7000, 1000.0),
        (30.0, 5000, 7000, 5000.0),
    ],
)
def test_the_present_rate_is_the_faster_of_the_last_day_s_and_the_last_week_s(
    age_days: float | None, day: int, week: int, expected: float
) -> None:
    """A young site is judged by its own age, so that its first week does not promise sevenfold time."""
    now = utc_now()
    first = None if age_days is None else now - timedelta(days=age_days)
    held = Stock(1, week, 0, 0, 0, 0, bytes_last_day=day, bytes_last_week=week, first=first)
    assert rate_of(held, now) == pytest.approx(expected)


class LowDisk:
    """The vault as it is, on a disk with little room."""

    def __init__(self, vault: Vault, room: Space) -> None:
        self._vault = vault
        self._room = room

    def __getattr__(self, name: str) -> object:
        return getattr(self._vault, name)

    def space(self) -> Space:
        """Return the room told."""
        return self._room


@pytest.mark.parametrize(
    ("free", "level"), [(50 * 10**9, RoomLevel.AMPLE), (9 * 10**9, RoomLevel.WARNING), (10**9, RoomLevel.CRITICAL)]
)
def test_what_the_file_system_has_left_counts_without_a_stated_capacity(
    api: RunningApi, filed: Posting, free: int, level: RoomLevel
) -> None:
    """Less than a tenth of the disk is a warning and less than a fiftieth critical, however slowly it fills."""
    assert filed.lead.lead_id == LEAD_ID
    low = cast("Vault", LowDisk(api.state.vault, Space(free, 100 * 10**9)))
    settings = settings_with(api, vault_warn_share=0.1, vault_warn_days=0.001)
    found = vault_state(api.state.database, low, settings, utc_now())
    assert (level, free) == (found.level, found.space.free if found.space else None)
    assert found.days_left == pytest.approx(free / found.stock.size, rel=0.01)


def test_a_change_of_level_is_told_once(api: RunningApi, operator: httpx.Client, filed: Posting) -> None:
    """The wall gets one event when the room grows short; metrics and the API say the same."""
    assert filed.lead.lead_id == LEAD_ID
    state = api.state
    object.__setattr__(state, "settings", settings_with(api, vault_capacity_bytes=1000))
    keeper = Retention(state)
    assert keeper.look()
    assert not keeper.look()
    assert not Retention(state).look(), "not after a restart either"
    with state.database.reading() as session:
        event = newest_event(session, EventType.VAULT_CHANGED)
    assert event is not None
    assert (event.subject, event.data["level"], event.data["before"]) == ("vault", "critical", "ample")
    assert operator.get("/v1/vault").json()["level"] == "critical"
    ready = operator.get("/readyz")
    assert (ready.status_code, ready.json()["warnings"]) == (
        200,
        {"vault": "critical: 0.0 of 0.0 GB left, full in 0 days at the present rate"},
    )
    metrics = operator.get("/metrics").text
    assert 'plumewatch_vault_room{level="critical"} 1.0' in metrics
    assert "plumewatch_vault_free_bytes 0.0" in metrics
