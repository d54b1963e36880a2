"""Magnifier: what is faint and new in a picture, made stronger."""

import numpy as np
import pytest

from models.detections import Detections
from streams.frame import BgrImage
from tests.vision.moments import CARD, boxes, frame, moment
from vision.analyser import CameraAnalyser
from vision.belief import Belief, ClassWeights
from vision.config import parse_config
from vision.cues import CUES
from vision.magnifier import AS_USUAL, AS_USUAL_SETTLED, GAIN, SETTLED_S, Magnifier

WH = (320, 180)
SMOKE = (slice(60, 120), slice(100, 180))


def place(change: float = 0.0, where: tuple[slice, slice] = SMOKE) -> BgrImage:
    """Return a place with stripes above dark ground, one piece of it darker by `change` levels."""
    image = np.full((WH[1], WH[0], 3), 120, np.float32)
    image[:, ::16] = 160
    image[150:] = 15
    image[where] -= change
    return image.clip(0, 255).astype(np.uint8)


def after(pictures: int = 10) -> Magnifier:
    """Return a magnifier that has seen the place so often, twice a second."""
    magnifier = Magnifier()
    for number in range(pictures):
        magnifier.learn(place(), moment(number / 2))
    return magnifier


def darkening(image: BgrImage, where: tuple[slice, slice] = SMOKE) -> float:
    """Return by how many levels the middle of a piece is darker than the place."""
    difference = place().astype(np.float32) - image
    return float(np.median(difference[where][10:-10, 10:-10]))


def test_nothing_is_looked_at_again_before_the_place_is_known() -> None:
    """The first picture has nothing to be compared with."""
    assert Magnifier().look(place(10), moment(0.0)) is None


def test_a_place_as_usual_needs_no_second_look() -> None:
    """A picture in which nothing is new gives none, so a quiet camera costs one detection a picture."""
    assert after().look(place(), moment(5.0)) is None


def test_noise_is_not_magnified() -> None:
    """Noise of two levels everywhere, as a sensor has it, is no news."""
    noise = np.random.default_rng(1).normal(0, 2, place().shape)

    assert after().look((place() + noise).clip(0, 255).astype(np.uint8), moment(5.0)) is None


def test_faint_smoke_is_shown_three_times_as_strong() -> None:
    """Ten levels of change become nearly `GAIN` times as many; what stands around it stays as it is."""
    magnified = after().look(place(10), moment(5.0))

    assert magnified is not None
    assert magnified.image.shape == place().shape
    assert magnified.image.dtype == np.uint8
    assert darkening(magnified.image) == pytest.approx(GAIN * 10, rel=0.15)
    assert np.abs(magnified.image[130:].astype(int) - place()[130:]).max() <= 1


def test_what_is_seen_anyway_is_left_alone() -> None:
    """A lorry differs by a hundred levels: it is not made stronger."""
    magnified = after().look(place(100), moment(5.0))

    assert magnified is not None
    assert darkening(magnified.image) == pytest.approx(100, abs=1)


def test_another_place_is_not_magnified() -> None:
    """Where most of the picture differs strongly the camera shows something else."""
    assert after().look(place(60, (slice(None), slice(None))), moment(5.0)) is None


def test_on_patrol_one_picture_in_some_seconds_is_looked_at_again() -> None:
    """Two seconds apart one in three is, since hundreds of cameras share the detector; in focus every one."""

    def looked_at(times: list[float]) -> list[float]:
        magnifier, looked = after(), []
        for time in times:
            looked += [time] if magnifier.look(place(10), moment(time)) is not None else []
            magnifier.learn(place(10), moment(time))
        return looked

    assert looked_at([6.5, 8.5, 10.5, 12.5, 14.5]) == [6.5, 12.5]
    assert looked_at([5.0, 5.5, 6.0]) == [5.0, 5.5, 6.0]


def test_what_drives_through_leaves_no_ghost() -> None:
    """A lorry that stood there for two seconds is not seen in what is usual afterwards."""
    magnifier = after()
    for number in range(10, 14):
        magnifier.learn(place(100), moment(number / 2))

    assert magnifier.look(place(), moment(7.0)) is None


def test_smoke_that_stays_is_usual_in_the_end() -> None:
    """After some minutes it is part of the place; by then it was reported long ago."""
    magnifier = after()
    for number in range(10, 1000):
        magnifier.learn(place(10), moment(number / 2))

    assert magnifier.look(place(10), moment(500.0)) is None


def test_another_size_or_a_new_beginning_is_learned_anew() -> None:
    """After a turn, and where pictures change their size, nothing is compared."""
    magnifier = after()
    magnifier.forget()
    assert magnifier.look(place(10), moment(5.0)) is None

    small = np.ascontiguousarray(place(10)[::2, ::2])
    magnifier = after()
    assert magnifier.look(small, moment(5.0)) is None
    magnifier.learn(small, moment(5.0))
    assert magnifier.look(small, moment(5.5)) is None


def analyser(*, magnified: bool = True, magnify: bool = True, confirm: str = "belief", fog: int = 0) -> CameraAnalyser:
    """Return an analyser that has seen the place for five seconds, through fog that adds so many levels to it."""
    rules = {name: {"confirm": confirm} for name in ("smoke", "fire")}
    config = parse_config(
        {"cameras": [{"id": "cam", "source": "x.mp4"}], "detector": {"magnify": magnify}, "rules": rules}
    )
    sure = {"smoke": ClassWeights(3.0, np.zeros(len(CUES)))}
    belief = Belief("test", 0.5, sure, is_magnified=magnified)
    made = CameraAnalyser.for_camera(config.cameras[0], config, CARD, belief)
    for number in range(10):
        made.observe(frame(veiled(place(), fog), moment(number / 2)), Detections.empty())
    return made


def veiled(image: BgrImage, fog: int) -> BgrImage:
    """Return the picture as bright as before, with nothing darker than `fog` in it."""
    return np.maximum(image, np.uint8(fog))


def test_a_camera_is_looked_at_twice_only_where_confirmation_was_fitted_so() -> None:
    """Not by a belief of plain pictures, by *k* of *n*, or where the configuration says no."""
    new = frame(place(10), moment(5.0))

    assert analyser().magnified(new) is not None
    assert analyser(magnified=False).magnified(new) is None
    assert analyser(confirm="k_of_n").magnified(new) is None
    assert analyser(magnify=False).magnified(new) is None


@pytest.mark.parametrize("fog", [0, 100])
def test_nothing_is_made_stronger_through_fog(fog: int) -> None:
    """What is faint and new there is the fog's own, whether it came or lay there from the beginning."""
    looked = analyser(fog=fog).magnified(frame(veiled(place(10), fog), moment(5.0)))
    assert (looked is None) == bool(fog)


@pytest.mark.parametrize(
    ("change", "magnify", "is_deferred", "has_news"),
    [(0, True, True, False), (10, True, False, True), (0, False, False, False), (10, False, False, False)],
)
def test_a_box_of_smoke_that_shows_the_place_as_usual_supports_nothing(
    change: float, *, magnify: bool, is_deferred: bool, has_news: bool
) -> None:
    """
    What the detector calls smoke there it always does; without a second look nobody knows what is usual.

    Where it shows something else that is news, though nothing has changed since the track began.
    """
    made = analyser(magnify=magnify)
    made.observe(frame(place(change), moment(5.0)), boxes(("smoke", 0.6, (100.0, 60.0, 180.0, 120.0))))

    assert made.shown is not None
    (track,) = made.shown.tracks
    assert (track.is_deferred, track.has_news) == (is_deferred, has_news)
    assert track.change == 0
    assert track.differs(1.5) == has_news


@pytest.mark.parametrize("is_burning", [True, False])
def test_a_box_of_fire_that_shows_the_place_as_usual_supports_nothing_either(*, is_burning: bool) -> None:
    """A lamp shines as it always does; what is new there must have changed since as well, for flames flicker."""
    made = analyser()
    image = place()
    if is_burning:
        image[70:110, 110:170] = (60, 130, 235)
    made.observe(frame(image, moment(5.0)), boxes(("fire", 0.6, (100.0, 60.0, 180.0, 120.0))))

    assert made.shown is not None
    (track,) = made.shown.tracks
    assert (track.is_deferred, track.has_news) == (not is_burning, False)
    assert (track.differs(1.5), track.news) == (False, 0.0)


@pytest.mark.parametrize(("at_s", "is_deferred"), [(5.0, False), (SETTLED_S + 5, True)])
def test_more_must_be_new_once_the_usual_look_has_settled(at_s: float, *, is_deferred: bool) -> None:
    """Not quite a fifth of a box is enough while smoke may have been there from the beginning, and later not."""
    made = analyser()
    for number in range(10, int(at_s * 2)):
        made.observe(frame(place(), moment(number / 2)), boxes())
    new = place(10, (slice(60, 120), slice(100, 115)))
    made.observe(frame(new, moment(at_s)), boxes(("smoke", 0.6, (100.0, 60.0, 180.0, 120.0))))

    assert made.shown is not None
    (track,) = made.shown.tracks
    assert (track.is_deferred, track.has_news) == (is_deferred, not is_deferred)


def test_a_place_that_is_learned_anew_has_to_settle_again() -> None:
    """From the first picture that was learned."""
    magnifier = after(1)
    assert magnifier.as_usual(moment(SETTLED_S - 0.5)) == AS_USUAL
    assert magnifier.as_usual(moment(SETTLED_S)) == AS_USUAL_SETTLED
    magnifier.forget()
    assert magnifier.as_usual(moment(SETTLED_S)) == AS_USUAL
    magnifier.learn(place(), moment(SETTLED_S))
    assert magnifier.as_usual(moment(SETTLED_S + 1)) == AS_USUAL


def test_a_lead_tells_how_much_of_its_boxes_is_new() -> None:
    """As a share of the box, in the mean of the sightings so far: the most that this came to."""
    made = analyser()
    for number in range(10, 16):
        made.observe(frame(place(10), moment(number / 2)), boxes(("smoke", 0.6, (100.0, 60.0, 180.0, 120.0))))

    (lead,) = made.open_leads
    assert lead.peak.measures["most_news"] == pytest.approx(1, abs=0.1)


def test_news_is_what_differs_from_the_usual_look() -> None:
    """In cells of half the size; nothing is said before the place is known."""
    assert Magnifier().news(place(), moment(0.0)) is None
    news = after().news(place(10), moment(5.0))

    assert news is not None
    assert news.where.shape == (WH[1] // 2, WH[0] // 2)
    assert news.where[35:55, 55:85].all()
    assert not news.where[:25].any()


def test_after_a_change_of_the_whole_picture_the_place_is_learned_anew() -> None:
    """When the light went out nothing is magnified until the place is known as it is now."""
    made = analyser()
    dark = (place() // 3).astype(np.uint8)
    for number in range(10, 12):
        made.observe(frame(dark, moment(number / 2)), Detections.empty())
        assert made.magnified(frame(dark, moment(number / 2 + 0.25))) is None


def test_what_left_in_the_first_seconds_leaves_no_ghost() -> None:
    """A lorry that stood in three of the first nine pictures is not what the place usually looks like."""
    magnifier = Magnifier()
    for number in range(9):
        magnifier.learn(place(100 if number < 3 else 0), moment(number / 2))

    assert magnifier.look(place(), moment(4.5)) is None


def test_weather_that_moves_everywhere_is_no_news() -> None:
    """Fog that drifts through the whole picture differs faintly everywhere: it is not made into smoke."""
    assert after().look(place(12, (slice(None), slice(None))), moment(5.0)) is None
