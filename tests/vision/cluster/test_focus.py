from dataclasses import dataclass, field

from streams.camera import camera_id
from streams.timing.clock import CaptureTime
from streams.watch import WatchReason
from tests.vision.moments import moment
from vision.cluster.focus import HOLD_S, REST_MAX_S, REST_S, TURN_S, FocusTurns

SIGN, LEAD, CHANGE = WatchReason.SIGN, WatchReason.LEAD, WatchReason.CHANGE


@dataclass
class Camera:
    """A camera that remembers what it was told last; ``None`` while it was told nothing."""

    takes_turns: bool = True
    told: list[tuple[str, WatchReason]] = field(default_factory=list)
    since: CaptureTime | None = None

    def focus(self, reason: WatchReason, since: CaptureTime) -> None:
        """Remember it."""
        self.told.append(("focus", reason))
        self.since = since

    def relax(self, reason: WatchReason = WatchReason.USUAL) -> None:
        """Remember it."""
        self.told.append(("patrol", reason))

    @property
    def last(self) -> tuple[str, str] | None:
        """What it was told last."""
        return (self.told[-1][0], self.told[-1][1].value) if self.told else None


class Stage:
    """Turns among some cameras, with a clock that is set by hand."""

    def __init__(self, most: int = 1, cameras: int = 3) -> None:
        self.now = 1000.0
        self.cameras = [Camera() for _ in range(cameras)]
        self.turns = FocusTurns(most, monotonic=lambda: self.now)

    def show(self, number: int, sign: WatchReason | None = None) -> None:
        """Show what one camera's picture of now holds."""
        self.turns.note(camera_id(f"c{number}"), self.cameras[number], sign, moment(self.now))

    def run(self, seconds: float, *signs: WatchReason | None, step_s: float = 1.0) -> None:
        """Let time pass, each camera showing its sign once a step."""
        for _ in range(round(seconds / step_s)):
            self.now += step_s
            for number, sign in enumerate(signs):
                self.show(number, sign)

    @property
    def told(self) -> list[tuple[str, str] | None]:
        """What each camera was told last."""
        return [camera.last for camera in self.cameras]


def test_cameras_that_show_nothing_are_left_alone() -> None:
    """Without a sign nobody is told anything."""
    stage = Stage()
    stage.run(60, None, None, None)
    assert stage.told == [None, None, None]
    assert (stage.turns.focused, stage.turns.waiting, stage.turns.given) == (0, 0, 0)


def test_a_sign_brings_focus_from_the_picture_that_showed_it() -> None:
    """The first sign gives a turn at once, back to its picture; it ends when the sign has been away."""
    stage = Stage()
    stage.show(0, SIGN)
    assert stage.told[0] == ("focus", "sign")
    assert stage.cameras[0].since == moment(1000.0)
    stage.run(HOLD_S - 1, None)
    assert stage.told[0] == ("focus", "sign")
    stage.run(1, None)
    assert stage.told[0] == ("patrol", "usual")
    assert stage.turns.focused == 0


def test_a_lead_keeps_focus() -> None:
    """What was confirmed stays in focus while it lasts, under its own reason."""
    stage = Stage()
    stage.show(0, SIGN)
    stage.run(10 * TURN_S, LEAD)
    assert stage.cameras[0].told == [("focus", SIGN), ("focus", LEAD)]


def test_a_sign_that_comes_to_nothing_rests_longer_each_time() -> None:
    """A lamp that always looks a little like a fire has ever fewer turns."""
    stage = Stage()
    stage.run(3600, SIGN)
    turns = stage.turns.given
    stage.run(3600, SIGN)
    assert turns == 11
    assert stage.turns.given - turns == round(3600 / (TURN_S + REST_MAX_S))


def test_a_rest_ends_when_nothing_showed_for_long() -> None:
    """After ten quiet minutes the next sign is a new one."""
    stage = Stage()
    stage.run(TURN_S + 1, SIGN)
    stage.run(REST_MAX_S, None)
    for _ in range(2):
        stage.show(0, SIGN)
        assert stage.told[0] == ("focus", "sign")
        stage.run(HOLD_S + REST_S, None)


def test_at_most_so_many_are_in_focus() -> None:
    """The others are told that they wait, and have their turn in the order in which they asked."""
    stage = Stage(most=1)
    for number in (2, 0, 1):
        stage.show(number, SIGN)
    assert stage.told == [("patrol", "waiting"), ("patrol", "waiting"), ("focus", "sign")]
    assert (stage.turns.focused, stage.turns.waiting) == (1, 2)
    stage.run(HOLD_S, SIGN, SIGN, None)
    assert stage.told == [("focus", "sign"), ("patrol", "waiting"), ("patrol", "usual")]


def test_who_waits_no_more_says_so() -> None:
    """A camera whose sign went away before its turn is on patrol as usual."""
    stage = Stage(most=1)
    stage.run(2, SIGN, SIGN)
    stage.run(1, SIGN, None)
    assert stage.told[1] == ("patrol", "usual")


def test_a_lead_makes_room_for_what_is_undecided() -> None:
    """Patrol holds a lead open as well: its turn goes to a new sign, and comes back when that is over."""
    stage = Stage(most=1)
    stage.show(0, LEAD)
    stage.run(1, LEAD, SIGN)
    assert stage.told[:2] == [("patrol", "waiting"), ("focus", "sign")]
    assert stage.turns.yielded == 1
    stage.run(HOLD_S + 1, LEAD, None)
    assert stage.told[:2] == [("focus", "lead"), ("patrol", "usual")]


def test_a_mere_change_takes_nobody_s_turn() -> None:
    """A change waits while signs and leads are looked at."""
    stage = Stage(most=1)
    stage.show(0, LEAD)
    stage.run(3, LEAD, CHANGE)
    assert stage.told[:2] == [("focus", "lead"), ("patrol", "waiting")]


def test_a_lost_camera_gives_up_its_turn() -> None:
    """A camera of which nothing is heard any more does not block the others."""
    stage = Stage(most=1)
    stage.show(0, SIGN)
    for _ in range(int(HOLD_S)):
        stage.now += 1
        stage.show(1, SIGN)
    assert stage.told[:2] == [("patrol", "usual"), ("focus", "sign")]


def test_a_camera_that_is_watched_no_more_is_forgotten() -> None:
    """Its turn goes to the next."""
    stage = Stage(most=1)
    stage.show(0, SIGN)
    stage.show(1, SIGN)
    stage.turns.forget(camera_id("c0"))
    assert stage.told[1] == ("focus", "sign")


def test_cameras_that_are_always_in_focus_take_no_turn() -> None:
    """Focus by configuration or for want of key frames is not counted."""
    stage = Stage(most=1)
    stage.cameras[0].takes_turns = False
    stage.run(3, SIGN, SIGN)
    assert stage.told[:2] == [None, ("focus", "sign")]
