"""Cues: what tells smoke from clouds, signs and cars, as numbers of order one."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.frame import BgrImage
from tests.vision.moments import grainy, moment, still_image
from vision.change import BoxChange
from vision.cues import CUES, WINDOW_S, Look, TrackCues
from vision.leads import Xyxy

BOX: Xyxy = (120.0, 60.0, 180.0, 120.0)


def boiling(s: float, xyxy: Xyxy) -> BgrImage:
    """Return the still picture with a soft grey body in the box, another at every time."""
    image = grainy(still_image(), s)
    left, top, right, bottom = (int(v) for v in xyxy)
    body = np.random.default_rng(int(s * 1000)).integers(120, 200, (5, 5), np.uint8)
    image[top:bottom, left:right] = cv2.resize(body, (right - left, bottom - top), interpolation=cv2.INTER_CUBIC)[
        ..., None
    ]
    return image


def cues(
    picture: Callable[[float, Xyxy], BgrImage],
    box: Callable[[float], Xyxy | None] = lambda _: BOX,
    *,
    seconds: float = 8.0,
    fps: float = 2.0,
) -> dict[str, float]:
    """Return the cues after some seconds of pictures and boxes."""
    first = picture(0, BOX)
    track, change = TrackCues(first, BOX), BoxChange(first, BOX, moment(0))
    for i in range(int(seconds * fps)):
        s, xyxy = i / fps, box(i / fps)
        image = picture(s, xyxy or BOX)
        if i:
            change.observe(image, moment(s))
        track.observe(image, Look(moment(s), xyxy, 0.5 if xyxy else 0.0, change.ratio))
    return dict(zip(CUES, track.values().tolist(), strict=True))


def still(s: float, _: Xyxy) -> BgrImage:
    """Return a sign: nothing but sensor noise."""
    return grainy(still_image(), s)


def test_before_the_first_look_all_is_finite() -> None:
    """A track of which nothing is known has cues too."""
    assert np.isfinite(TrackCues(still_image(), BOX).values()).all()


def test_smoke_boils_and_a_sign_does_not() -> None:
    """Change and turbulence tell them apart, in focus as on patrol."""
    for fps in (2.0, 0.5):
        smoke, sign = cues(boiling, fps=fps), cues(still, fps=fps)

        assert smoke["turbulence"] > sign["turbulence"] + 1
        assert smoke["change"] > sign["change"] + 1


def test_smoke_keeps_its_base_and_a_cloud_drifts_whole() -> None:
    """A plume that grows upwards moves its centre and not its foot; a cloud moves both."""
    plume = cues(boiling, lambda s: (120.0, 60.0 - 6 * s, 180.0, 120.0))
    cloud = cues(boiling, lambda s: (120.0 - 6 * s, 60.0, 180.0 - 6 * s, 120.0))

    assert plume["growth"] > 0.3 > abs(cloud["growth"])
    assert plume["anchor"] < 0.05
    assert cloud["anchor"] == pytest.approx(cloud["drift"])
    assert cloud["anchor"] > 0.5


def test_smoke_takes_contrast_from_what_is_behind() -> None:
    """A veil over a textured wall lowers the fine texture; without it none is lost."""

    def veiled(s: float, _: Xyxy) -> BgrImage:
        image = grainy(still_image(), s).astype(np.float64)
        share = min(s / 4, 0.8)
        image[60:120, 120:180] = image[60:120, 120:180] * (1 - share) + 128 * share
        return image.astype(np.uint8)

    assert cues(veiled)["veil"] < -0.3
    assert abs(cues(still)["veil"]) < 0.05


def test_flames_are_bright_red_and_flicker() -> None:
    """A flame's colour and its changing light set it apart from grey smoke."""

    def burning(s: float, _: Xyxy) -> BgrImage:
        image = grainy(still_image(), s)
        image[60:120, 120:180] = (40, 140 + int(40 * np.sin(7 * s)), 220)
        return image

    flame, smoke = cues(burning), cues(boiling)

    assert flame["flame"] == pytest.approx(1.0)
    assert smoke["flame"] == 0.0
    assert flame["chroma"] > smoke["chroma"] + 1
    assert flame["flicker"] > cues(still)["flicker"] + 1


def test_missed_pictures_lower_the_persistence() -> None:
    """A box in every second picture is half as persistent as one in all of them."""
    always, half = cues(still), cues(still, lambda s: BOX if s % 1 == 0 else None)

    assert always["persistence"] == pytest.approx(17 / 18)
    assert half["persistence"] == pytest.approx(9 / 18)
    assert half["looks"] < always["looks"]


def test_what_the_whole_picture_did_is_remembered_for_the_window() -> None:
    """A jump of the camera when the track began counts for twelve seconds."""
    track = TrackCues(still_image(), BOX)
    for i in range(40):
        track.observe(still_image(), Look(moment(i / 2), BOX, 0.5, 0.0, picture_share=0.9 if i == 0 else 0.0))
        reaction = track.values()[CUES.index("reaction")]
        assert (reaction == 0.9) == (i / 2 <= WINDOW_S)


def test_what_only_the_magnified_picture_showed_is_told() -> None:
    """Two of the three boxes seen were of the magnified picture; the look that missed counts for neither."""
    track = TrackCues(still_image(), BOX)
    for i, (xyxy, magnified) in enumerate([(BOX, True), (BOX, False), (None, False), (BOX, True)]):
        track.observe(still_image(), Look(moment(i / 2), xyxy, 0.5, 0.0, magnified=magnified))

    assert track.values()[CUES.index("magnified")] == pytest.approx(2 / 3)


def test_a_new_beginning_forgets() -> None:
    """After the camera turned nothing of before is left."""
    track = TrackCues(still_image(), BOX)
    fresh = track.values()
    for i in range(5):
        track.observe(boiling(i, BOX), Look(moment(i), BOX, 0.9, 4.0))
    track.begin_anew()

    assert np.array_equal(track.values(), fresh)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-50, 400), st.floats(-50, 250), st.floats(0, 300), st.floats(0, 200), st.booleans()),
        max_size=12,
    )
)
def test_cues_are_finite_whatever_comes(rows: list[tuple[float, float, float, float, bool]]) -> None:
    """Boxes without area, outside the picture or as large as it, and black pictures, give finite numbers."""
    track = TrackCues(still_image(), BOX)
    for i, (x, y, wide, high, is_black) in enumerate(rows):
        image = np.zeros_like(still_image()) if is_black else still_image()
        track.observe(image, Look(moment(i), (x, y, x + wide, y + high), 1.0, 50.0))
        values = track.values()
        assert np.isfinite(values).all()
        assert (np.abs(values) < 12).all()


def test_news_is_the_mean_of_the_sightings_in_which_it_is_known() -> None:
    """A picture that could not be compared with the usual look says nothing, and neither does one without a box."""
    track = TrackCues(still_image(), BOX)
    for number, news in enumerate([None, 0.2, 0.6]):
        track.observe(still_image(), Look(moment(number), BOX, 0.5, 0.0, news=news))
    track.observe(still_image(), Look(moment(3), None, 0.0, 0.0))
    values = dict(zip(CUES, track.values().tolist(), strict=True))

    assert values["news"] == pytest.approx(0.4)
