"""The table of moves: whole, closed, and never beyond what the system may do alone (domain.md 6.2)."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from api.contract.loop.limits import LEVELS, LIMITS, TIMER_NAMES, due_at, level_at, moment_of
from api.contract.loop.moves import MOVES, Content, Move, turn_of, waiting_for
from api.contract.loop.reason_codes import REASON_CODES, reason_codes_of
from api.contract.wire.handling import LeadHandling, MoveContent
from api.contract.wire.role import GRANTED, LoopRole
from api.contract.wire.state import LeadState, Priority

FRIDAY = datetime(2026, 9, 25, 2, 30, tzinfo=UTC)
"""10:30 in Beijing, before the Mid-Autumn festival's days off."""


def test_every_state_has_its_row_and_is_reached() -> None:
    """27 states; each but the first is the end of some move, and only ARCHIVED and MERGED have no way out."""
    assert set(MOVES) == set(LeadState)
    assert len(LeadState) == 27
    ends = {move.to for moves in MOVES.values() for move in moves}
    assert ends == set(LeadState) - {LeadState.DETECTED}
    assert {state for state, moves in MOVES.items() if not moves} == {LeadState.ARCHIVED, LeadState.MERGED}


def test_the_system_alone_never_goes_beyond_fixed_evidence() -> None:
    """What the analyser may do by itself ends in EVIDENCE_FIXED, WARN_ONLY or the archive at most."""
    ends = {move.to for moves in MOVES.values() for move in moves if LoopRole.ANALYSER in move.roles}
    assert ends == {
        LeadState.CANDIDATE,
        LeadState.AUTO_REJECTED,
        LeadState.MERGED,
        LeadState.PENDING_VERIFY,
        LeadState.EVIDENCE_FIXED,
        LeadState.WARN_ONLY,
        LeadState.ARCHIVED,
    }
    assert not {LeadState.DISPATCHED, LeadState.CONFIRMED, LeadState.DECIDED, LeadState.VERIFIED} & ends


def test_required_content_is_content_and_stays_with_the_lead() -> None:
    """Every name of the table is a field of the request; short ones are kept with the lead."""
    names = {content.value for moves in MOVES.values() for move in moves for content in (*move.requires, *move.offers)}
    assert names <= set(MoveContent.model_fields)
    assert names - {"review", "reason_code", "explanation", "attachments", "advice"} <= set(LeadHandling.model_fields)


def test_reason_codes_go_with_the_moves_that_take_one() -> None:
    """Each list belongs to some move, every code is one that a move may carry, and what requires a code has a list."""
    for state, codes in REASON_CODES.items():
        moves = [move for each in MOVES.values() for move in each if move.to is state]
        assert any(reason_codes_of(move) == codes for move in moves)
        assert all(
            MoveContent(reason_code=each.code).reason_code == each.code and each.zh and each.en for each in codes
        )
        assert len({each.code for each in codes}) == len(codes)
    asking = [move for each in MOVES.values() for move in each if Content.REASON_CODE in move.requires]
    assert all(reason_codes_of(move) for move in asking)
    assert reason_codes_of(None) == ()
    assert reason_codes_of(Move(LeadState.CLOSED, frozenset(), offers=())) == ()


def test_every_open_state_waits_for_somebody() -> None:
    """A state that people can leave stands in the queue of at least one role that can be granted."""
    waited = {state for role in GRANTED for state, _ in waiting_for(role)}
    people = {state for state, moves in MOVES.items() if any(move.roles - {LoopRole.ANALYSER} for move in moves)}
    assert people == waited
    assert set(LIMITS) <= set(TIMER_NAMES)


def test_whose_turn_it_is_agrees_with_the_queues() -> None:
    """A state names exactly the roles in whose queue it stands, with a proposal and without."""
    for state in LeadState:
        for proposed in (False, True):
            queued = {role for role in GRANTED if (state, proposed) in waiting_for(role)}
            if not proposed or any(move.proposer for move in MOVES[state]):
                assert turn_of(state, proposed=proposed) == queued
    assert turn_of(LeadState.PENDING_VERIFY, proposed=False) == {LoopRole.DUTY}
    assert turn_of(LeadState.PENDING_VERIFY, proposed=True) == {LoopRole.VERIFIER}


def test_working_days_leave_out_the_days_off() -> None:
    """Three working days from Friday, with Monday off, end on Thursday at the same time of day."""

    def is_working(day: date) -> bool:
        return day.weekday() < 5 and day != date(2026, 9, 28)

    due = due_at(LeadState.ACCEPTED, Priority.P3, "V01_STACK_SMOKE", FRIDAY, is_working)
    assert due == datetime(2026, 10, 1, 2, 30, tzinfo=UTC)
    assert due_at(LeadState.ACCEPTED, Priority.P1, "", FRIDAY, is_working) == FRIDAY + timedelta(minutes=30)
    assert due_at(LeadState.WARN_ONLY, Priority.P3, "V07_BARE_SOIL", FRIDAY, is_working) == FRIDAY + timedelta(days=2)
    assert due_at(LeadState.ARCHIVED, Priority.P1, "", FRIDAY, is_working) is None


@given(st.sampled_from(LeadState), st.sampled_from(Priority), st.integers(0, 10**6))
def test_levels_come_in_their_order(state: LeadState, priority: Priority, seconds: int) -> None:
    """A level holds from its moment on; the end of a state lies after its beginning."""
    due = due_at(state, priority, "V01_STACK_SMOKE", FRIDAY, lambda day: day.weekday() < 5)
    if due is None:
        return
    assert due > FRIDAY
    now = FRIDAY + timedelta(seconds=seconds)
    level = level_at(FRIDAY, due, now)
    assert level in {0, *LEVELS}
    assert all((moment_of(each, FRIDAY, due) <= now) == (each <= level) for each in LEVELS)
