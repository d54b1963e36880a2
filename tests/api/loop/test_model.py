"""The loop as a state machine: any operator tries any move at any time, and the API does what the table says."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from api.clock import utc_now
from api.contract.loop.moves import MOVES, Condition, Move
from api.contract.wire.role import SEPARATE, LoopRole
from api.contract.wire.state import LeadState
from api.loop.timers import Timers
from api.store.agreement.log import Disagreements, disagreements
from api.store.lead_rows import lead_row
from api.store.loop.legal import confirm_row
from tests.api.checks.register import OFFICERS, RED, fill_register, request
from tests.api.conftest import Posting, RunningApi
from tests.api.loop.people import ANSWERS, staff

CODE = "V04_WASTE_BURN"
PEOPLE = {f"of-{role.value}": role.value for role in LoopRole if role not in {LoopRole.ANALYSER, LoopRole.COMPANY}}
BOTH = {"of-DV": "DV", "of-VO": "VO"}
"""Two people who hold two roles that must not meet on one lead."""
_BEFORE = {LeadState.DETECTED, LeadState.CANDIDATE, LeadState.MERGED, LeadState.AUTO_REJECTED}
REACHED = sorted(set(LeadState) - _BEFORE - {LeadState.WARN_ONLY})
"""States that a walk can begin in: people bring a lead there."""


def content(sums_sha256: str, check_code: str) -> dict[str, Any]:
    """Everything that a move can ask for."""
    return {
        "review": ANSWERS,
        "check_code": check_code,
        "reason_code": "seen",
        "team": "执法一队",
        "plan_match": {"basis": "lead"},
        "approval_ref": "批 2026-7",
        "explanation": "情况说明",
        "measurement": "林格曼 2 级",
        "attachments": [{"name": "笔录.pdf", "sha256": "ef" * 32, "kind": "record"}],
        "unit": "城管",
        "receipt": {"ref": "R-7", "at": "2026-11-24T00:00:00Z", "sums_sha256": sums_sha256},
        "deadline": "2027-01-01T00:00:00Z",
        "case_no": "2026-7",
        "decision_no": "2026-8",
        "publicity": {"by": "局", "from": "2026-12-10", "until": "2027-06-10"},
        "feedback": {"colour": "keep"},
        "advice": "检修布袋除尘器",
    }


def shortest_way(start: LeadState, end: LeadState) -> list[LeadState]:
    """Return the states on the shortest way by moves that people can make here."""
    ways: dict[LeadState, list[LeadState]] = {start: []}
    waiting = [start]
    for state in waiting:
        for move in MOVES[state]:
            if move.to not in ways and move.roles != {LoopRole.ANALYSER} and move.to is not LeadState.WARN_ONLY:
                ways[move.to] = [*ways[state], move.to]
                waiting.append(move.to)
    return ways[end]


class Loop(RuleBasedStateMachine):
    """A lead, what the model takes it to be, and operators of all roles."""

    api: RunningApi
    people: dict[str, httpx.Client]
    file: Callable[[], dict[str, Any]]

    @initialize(state=st.sampled_from(REACHED))
    def begin(self, state: LeadState) -> None:
        """File a new lead, issue a check code for it, and bring it into a state on the shortest way."""
        lead = type(self).file()
        self.path = f"/v1/leads/{lead['lead_id']}"
        self.lead_id = lead["lead_id"]
        asked = request(lead_id=lead["lead_id"], items=[lead["lead_id"]])
        code = self.people["of-P"].post("/v1/check-codes", json=asked).json()["check_code"]
        self.code, self.is_scanned, self.is_used_up = code, False, False
        self.content = content(lead["evidence"]["sums_sha256"], code)
        self.state, self.version = LeadState.PENDING_VERIFY, lead["version"]
        self.proposed: tuple[LeadState, str] | None = None
        self.acted: dict[str, set[LoopRole]] = {}
        self.is_watched = False
        for step in shortest_way(LeadState.PENDING_VERIFY, state):
            move = self.move_to(step)
            assert move is not None
            self.make(move)
        assert self.state is state

    def make(self, move: Move) -> None:
        """Make a move of the table with all that it takes, each by somebody who may."""
        if Condition.WATCHED in move.conditions:
            self.days_pass()
        if Condition.CODE_SCANNED in move.conditions:
            self.scan()
        for role in (*([] if move.proposer is None else [move.proposer]), min(move.roles - {LoopRole.ANALYSER})):
            self.ask(f"of-{role}", move.to)

    def send(self, who: str, to: LeadState, version: int, given: dict[str, Any]) -> httpx.Response:
        """Ask for a move."""
        body = {"to": to, "reason": "模型", **given}
        return self.people[who].post(f"{self.path}/transitions", json=body, headers={"If-Match": f'"{version}"'})

    @rule(who=st.sampled_from(sorted(PEOPLE | BOTH)), to=st.sampled_from(LeadState))
    def any_move(self, who: str, to: LeadState) -> None:
        """Anybody asks for any state, with all that could be asked for: it goes as the model says."""
        self.ask(who, to)

    @rule(data=st.data())
    def some_legal_move(self, data: st.DataObject) -> None:
        """Somebody who could make a move of the table, so that walks get far."""
        moves = [move for move in MOVES[self.state] if move.roles - {LoopRole.ANALYSER}]
        if not moves:
            return
        move = data.draw(st.sampled_from(moves))
        roles = {move.proposer} if move.proposer is not None and self.proposed is None else move.roles
        able = [who for who, letters in (PEOPLE | BOTH).items() if {LoopRole(each) for each in letters} & roles]
        self.ask(data.draw(st.sampled_from(sorted(able))), move.to)

    @rule(who=st.sampled_from(sorted(PEOPLE)), to=st.sampled_from(LeadState), back=st.integers(1, 3))
    def stale_move(self, who: str, to: LeadState, back: int) -> None:
        """Whoever read an older version is told so, whatever is asked."""
        version = max(0, self.version - back)
        assert self.send(who, to, version, self.content).status_code == 412

    @precondition(lambda self: self.state is LeadState.ON_SITE and not self.is_scanned)
    @rule()
    def scan(self) -> None:
        """The enterprise's code is scanned on the spot."""
        body = {"uscc": RED, "officers": OFFICERS[:2]}
        assert self.people["of-O"].post(f"/v1/check-codes/{self.code}/scans", json=body).status_code == 201
        self.is_scanned = True

    @precondition(lambda self: self.state is LeadState.RECTIFIED and not self.is_watched)
    @rule()
    def days_pass(self) -> None:
        """The seven days of watching are over."""
        with self.api.state.database.writing() as session:
            row = lead_row(session, self.lead_id)
            assert row.entered is not None
            assert row.due is not None
            row.entered, row.due = row.entered - timedelta(days=8), row.due - timedelta(days=8)
            row.alarm_at = row.due
        assert Timers(self.api.state).turn(utc_now()) >= 1
        self.version += 1
        self.is_watched = True

    def ask(self, who: str, to: LeadState) -> None:
        """Ask for a move and hold the answer against the model."""
        expected, act = self.expected(who, to)
        answer = self.send(who, to, self.version, self.content)
        assert answer.status_code == expected, (self.state, who, to, answer.text)
        if expected != 200:
            assert answer.json()["detail"], answer.text
            return
        self.version += 1
        role = self.role_of(who, to)
        self.acted.setdefault(who, set()).add(role)
        if act == "propose":
            self.proposed = (to, who)
        elif act == "decline":
            self.proposed = None
        else:
            self.is_used_up = self.is_used_up or (self.state is LeadState.ON_SITE and self.is_scanned)
            self.is_watched = self.is_watched and to is not LeadState.RECTIFIED
            self.state, self.proposed = to, None
        assert (answer.json()["state"], answer.json()["version"]) == (self.state, self.version)

    def role_of(self, who: str, to: LeadState) -> LoopRole:
        """Return the role in which somebody asks."""
        move = self.move_to(to) if self.proposed is None or to is not self.state else self.move_to(self.proposed[0])
        assert move is not None
        held = {LoopRole(letter) for letter in (PEOPLE | BOTH)[who]}
        may_confirm = move.proposer is None or (self.proposed is not None and self.proposed[0] is move.to)
        if may_confirm and held & move.roles:
            return next(role for role in LoopRole if role in held & move.roles)
        assert move.proposer is not None
        return move.proposer

    def move_to(self, to: LeadState) -> Move | None:
        """Return the move of the table that people may make."""
        return next((move for move in MOVES[self.state] if move.to is to and move.roles != {LoopRole.ANALYSER}), None)

    def expected(self, who: str, to: LeadState) -> tuple[int, str]:  # noqa: PLR0911 (one way out a rule)
        """Return the status that the table asks for, and what is done."""
        held = {LoopRole(letter) for letter in (PEOPLE | BOTH)[who]}
        if self.proposed is not None and to is self.state:
            move = self.move_to(self.proposed[0])
            assert move is not None
            if not held & move.roles:
                return 403, ""
            return (409, "") if self.is_bound(who, to) or self.proposed[1] == who else (200, "decline")
        move = self.move_to(to)
        if move is None:
            return 409, ""
        act = "move"
        if move.proposer is not None:
            is_proposed = self.proposed is not None and self.proposed[0] is to
            act = "confirm" if is_proposed and held & move.roles else "propose"
            if act == "propose" and move.proposer not in held:
                return (409 if self.proposed is None or not is_proposed else 403), ""
        elif not held & move.roles:
            return 403, ""
        if self.is_bound(who, to) or (act == "confirm" and self.proposed is not None and self.proposed[1] == who):
            return 409, ""
        unmet = {
            Condition.WATCHED: not self.is_watched,
            Condition.CODE_VALID: self.is_used_up,
            Condition.CODE_SCANNED: not self.is_scanned,
            Condition.WARN_ONLY_ALLOWED: True,
        }
        return (409, "") if any(unmet.get(condition) for condition in move.conditions) else (200, act)

    def is_bound(self, who: str, to: LeadState) -> bool:
        """Whether somebody acted on the lead in a role that must not meet this one."""
        role = self.role_of(who, to)
        others = self.acted.get(who, set())
        return any(role in pair and (pair - {role}) & others for pair in SEPARATE)

    @invariant()
    def what_is_shown_is_the_model(self) -> None:
        """State and version are the model's, and the offered moves are those that the model allows."""
        if not hasattr(self, "path"):
            return
        for who in ("of-D", "of-V", "of-O"):
            shown = self.people[who].get(f"{self.path}/moves").json()
            assert (shown["state"], shown["version"]) == (self.state, self.version)
            for option in shown["moves"]:
                status, act = self.expected(who, LeadState(option["to"]))
                if option["blocked"]:
                    assert status == 409, (who, option)
                elif status == 200:
                    assert option["act"] == act, (who, option)

    def teardown(self) -> None:
        """Tables and log agree after every walk."""
        if hasattr(self, "path"):
            with self.api.state.database.snapshot() as session:
                assert disagreements(session) == Disagreements()
            history = self.people["of-D"].get(f"{self.path}/transitions").json()["transitions"]
            assert history[-1]["version"] == self.version


@pytest.fixture
def loop(api: RunningApi, enrolled: httpx.Client, make_posting: Callable[..., Posting]) -> Iterator[type[Loop]]:
    """The machine over a running API with a register, a confirmed row of the catalogue, and people of all roles."""
    numbers = iter(range(1, 1_000_000))

    def file() -> dict[str, Any]:
        answer = make_posting(f"L20261123-{next(numbers):06d}").send(enrolled)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    with api.state.database.writing() as session:
        confirm_row(session, CODE, confirmed=True, reference="test", by="operator:test", at=utc_now())
    fill_register(api)
    with staff(api, **PEOPLE, **BOTH) as people:
        Loop.api, Loop.people, Loop.file = api, people, staticmethod(file)
        yield Loop


def test_every_move_of_the_table_and_no_other(loop: type[Loop]) -> None:
    """Every legal move is made once; from every state every other one is refused with 409 and its reason."""
    for state in REACHED:
        lead = loop()
        lead.begin(state=state)
        for to in set(LeadState) - {move.to for move in MOVES[state]}:
            for who in ("of-V", "of-M"):
                refused = lead.send(who, to, lead.version, lead.content)
                assert (refused.status_code, bool(refused.json()["detail"])) == (409, True), (state, to)
        for move in MOVES[state]:
            if move.to is LeadState.WARN_ONLY or move.roles == {LoopRole.ANALYSER}:
                continue
            walk = loop()
            walk.begin(state=state)
            walk.make(move)
            assert walk.state is move.to
            walk.teardown()


def test_any_walk_is_as_the_table_says(loop: type[Loop]) -> None:
    """Whoever asks for whatever, whenever: made or refused as the table says; races give 412; the log agrees."""
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    limits = settings(
        max_examples=10, stateful_step_count=12, deadline=None, derandomize=True, suppress_health_check=checks
    )
    run_state_machine_as_test(loop, settings=limits)
