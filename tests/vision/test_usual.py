"""The usual look of a place: when it fits a new picture, and how it is kept."""

import io
from datetime import timedelta
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.vision.moments import START, moment
from tests.vision.test_magnifier import SMOKE, after, place
from vision.magnifier import AS_USUAL, AS_USUAL_SETTLED, Magnifier
from vision.usual import LEAST_S, LONGEST_GAP_S, UsualLook

WATCHED = round(2 * LEAST_S) + 1
"""Pictures, two a second, after which a look is worth keeping."""

LATER_S = LEAST_S + 300
MOST_OF_IT = (slice(40, 180), slice(None))
CLOUD = (slice(0, 40), slice(100, 180))


def halved(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a picture in cells of two by two pixels."""
    height, width = image.shape[:2]
    return image.reshape(height // 2, 2, width // 2, 2, 3).astype(np.float32).mean(axis=(1, 3))


def look() -> UsualLook:
    """Return the usual look of the place, where clouds are wont to darken a piece of the sky."""
    magnifier = after(WATCHED)
    for number in range(120):
        time = moment(LEAST_S + 1 + number * 5.0)
        image = place(9, CLOUD) if number % 3 == 0 else place()
        magnifier.news(image, time)
        magnifier.learn(image, time)
    usual = magnifier.usual_look
    assert usual is not None
    return usual


def again(magnifier: Magnifier, image: NDArray[np.uint8], seconds: float) -> Magnifier:
    """Show a magnifier that was told to forget the first picture after a gap."""
    magnifier.learn(image, moment(seconds))
    return magnifier


def test_a_place_seen_for_less_than_a_minute_is_not_known() -> None:
    """The first pictures may hold a lorry, so a film of twenty seconds is judged as before."""
    assert after(WATCHED - 2).usual_look is None
    assert after(WATCHED).usual_look is not None


@pytest.mark.parametrize(
    ("image", "after_s", "fits"),
    [
        (place(), 0, True),
        (place(), LONGEST_GAP_S, True),
        (place(), LONGEST_GAP_S + 1, False),
        (place(), -1, False),
        (place(40), 60, True),
        ((place() * 0.85).astype(np.uint8), 60, True),
        (place(40, MOST_OF_IT), 60, False),
        (np.roll(place(), 4, axis=1), 60, False),
        (np.roll(place(), 6, axis=0), 60, False),
        (place()[:90], 60, False),
    ],
)
def test_it_fits_the_same_place_in_the_same_light(image: NDArray[np.uint8], after_s: float, *, fits: bool) -> None:
    """Smoke and exposure are not another place; another light, a camera that turned a little, and another day are."""
    usual = UsualLook(halved(place()), np.zeros((90, 160), np.float32), START)

    assert usual.fits(halved(image), START + timedelta(seconds=after_s)) == fits


def test_after_a_break_a_place_is_known_at_once() -> None:
    """Smoke that came meanwhile is news from the second picture on, and no part of the usual look."""
    magnifier = after(WATCHED)
    magnifier.forget()
    news = again(magnifier, place(20), LATER_S).news(place(20), moment(LATER_S + 0.5))

    assert news is not None
    assert news.share_in((100, 60, 180, 120), (320, 180)) > 0.9
    assert magnifier.as_usual(moment(LATER_S + 0.5)) == AS_USUAL_SETTLED


def test_without_it_what_came_meanwhile_is_part_of_the_place() -> None:
    """A watch that begins takes what it sees first for usual, and asks for less."""
    magnifier = Magnifier()
    for number in range(3):
        again(magnifier, place(20), LATER_S + number / 2)
    news = magnifier.news(place(20), moment(LATER_S + 2))

    assert news is not None
    assert news.share_in((100, 60, 180, 120), (320, 180)) == 0
    assert magnifier.as_usual(moment(LATER_S + 2)) == AS_USUAL


def test_what_a_place_is_wont_to_do_is_taken_up_too() -> None:
    """Half of what a cloud changes every few minutes is wont there, and nothing elsewhere."""
    magnifier = Magnifier()
    magnifier.recall(look())
    news = again(magnifier, place(), 700.0).news(place(), moment(700.5))

    assert news is not None
    assert float(news.wont[8, 70]) > 1.5
    assert float(news.wont[60, 20]) == 0


def test_a_camera_that_turned_begins_anew() -> None:
    """Of the first nine pictures none fits: what was known is forgotten for good."""
    magnifier = after(WATCHED)
    magnifier.forget()
    turned = place()[:, ::-1]
    for number in range(9):
        again(magnifier, np.roll(turned, 7, axis=1), LATER_S + number / 2)

    assert magnifier.usual_look is None
    assert magnifier.as_usual(moment(LATER_S + 4)) == AS_USUAL


def test_a_first_picture_that_is_damaged_is_waited_out() -> None:
    """The one after it shows the place again."""
    magnifier = after(WATCHED)
    magnifier.forget()
    again(magnifier, np.full_like(place(), 128), LATER_S)

    assert again(magnifier, place(), LATER_S + 0.5).news(place(), moment(LATER_S + 1)) is not None
    assert magnifier.as_usual(moment(LATER_S + 1)) == AS_USUAL_SETTLED


def test_breaks_one_after_the_other_lose_nothing() -> None:
    """A camera that comes and goes for a few minutes is still known."""
    magnifier = after(WATCHED)
    for number in range(5):
        magnifier.forget()
        again(magnifier, place(), LATER_S + number)

    assert magnifier.usual_look is not None
    assert magnifier.usual_look.utc == moment(LATER_S + 4).utc


def test_it_is_kept_to_a_level() -> None:
    """Written and read it is the same place, in a seventh of the bytes that it takes in memory."""
    usual = look()
    data = usual.as_bytes()
    read = UsualLook.from_bytes(data)

    assert np.abs(read.picture - usual.picture).max() <= 0.5
    assert np.abs(read.wont - usual.wont).max() <= 0.025
    assert read.utc == usual.utc
    assert len(data) < (usual.picture.nbytes + usual.wont.nbytes) / 7


@cache
def written() -> bytes:
    """Return a look as it is kept."""
    return look().as_bytes()


def array() -> bytes:
    """Return a whole file of one NumPy array."""
    packed = io.BytesIO()
    np.save(packed, np.zeros(9))
    return packed.getvalue()


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", written()[:-200], written()[32:], array()])
def test_what_is_damaged_is_refused(data: bytes) -> None:
    """A file cut short, or of another kind, is no look."""
    with pytest.raises(ValueError, match="not a usual look"):
        UsualLook.from_bytes(data)


@given(bit=st.integers(0, len(written()) * 8 - 1))
@settings(max_examples=50)
def test_a_bit_that_fell_over_is_noticed(bit: int) -> None:
    """Wherever it is."""
    data = bytearray(written())
    data[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ValueError, match="not a usual look"):
        UsualLook.from_bytes(bytes(data))


def test_a_magnified_piece_is_the_one_that_came() -> None:
    """After a break the second look is made from what was known before it."""
    magnifier = after(WATCHED)
    magnifier.forget()
    second = again(magnifier, place(10), LATER_S).look(place(10), moment(LATER_S + 0.5))

    assert second is not None
    assert float(np.median(place().astype(np.float32)[SMOKE] - second.image[SMOKE])) > 20
