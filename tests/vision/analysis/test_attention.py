"""When a camera needs a closer look."""

from streams.watch import WatchReason
from tests.vision.analysis.made_analysers import NOTHING, PLUME, SMOKE, analyser, every_half_second, story, watch
from tests.vision.moments import boxes, frame, grainy, moment, still_image
from vision.leads.lead import CloseReason


def test_what_shows_nothing_asks_for_nothing() -> None:
    """Without a picture, and without boxes that count, no closer look is asked for."""
    a = analyser()
    assert a.sign is None
    watch(a, every_half_second(0, 3), boxes(("smoke", 0.2, PLUME)))
    assert a.sign is None


def test_a_box_that_counts_asks_for_a_closer_look_until_it_is_decided() -> None:
    """One box is a sign, a confirmed lead is a lead, and nothing is left when it has closed."""
    a = analyser()
    seen = []
    watch(a, every_half_second(0, 2), NOTHING, still=True)
    for s in every_half_second(2, 72):
        watch(a, [s], SMOKE if s < 7 else NOTHING)
        seen.append(a.sign)
    assert seen[:4] == [WatchReason.SIGN] * 3 + [WatchReason.LEAD]
    assert seen[20] is WatchReason.LEAD
    assert seen[-1] is None


def test_a_box_that_goes_away_asks_no_more() -> None:
    """After as many pictures as a verdict looks back on, a box that came once is forgotten."""
    a = analyser()
    watch(a, [0.0], SMOKE)
    watch(a, every_half_second(0.5, 3), NOTHING)
    assert a.sign is WatchReason.SIGN
    watch(a, every_half_second(3, 6), NOTHING)
    assert a.sign is None


def test_what_was_found_static_asks_no_more() -> None:
    """A sign that never changed is dropped after a minute, and is no reason to look closely."""
    a = analyser()
    watch(a, every_half_second(0, 65), still=True)
    assert a.sign is None


def test_smoke_is_confirmed_on_patrol_too() -> None:
    """Pictures two seconds apart hold a track together and confirm it with the fourth."""
    a = analyser()
    watch(a, [0, 2], NOTHING, still=True)
    changes = watch(a, [4, 6, 8, 10, 12])
    assert story(changes) == [("smoke.visible", "candidate"), ("smoke.visible", "confirmed")]
    assert changes[1].lead.confirmed == moment(10)


def test_focus_takes_up_what_patrol_began() -> None:
    """One picture of the patrol and three of the past that focus decoded are a lead, 1.5 s after the first."""
    a = analyser()
    watch(a, [0], NOTHING, still=True)
    changes = watch(a, [2, 4, 4.5, 5.0, 5.5])
    assert [change.lead.confirmed for change in changes] == [None, moment(5.0)]


def test_a_change_without_a_box_asks_for_a_closer_look() -> None:
    """What the detector does not see but the picture's history does not explain is a sign, the weakest one."""
    a = analyser()
    for s in range(0, 60, 2):
        a.observe(frame(grainy(still_image(), s), moment(s)), NOTHING)
    assert a.sign is None
    for s in (60, 62):
        image = grainy(still_image(), s)
        image[60:120, 100:160] = 10
        a.observe(frame(image, moment(s)), NOTHING)
    assert a.sign is WatchReason.CHANGE
    a.end(CloseReason.STREAM_LOST)
    assert a.sign is None
