"""The overlay of an evidence package: words in Chinese, all of them inside the picture, the same every time."""

from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from streams.frame import BgrImage
from streams.timing.clock import CaptureTime, UtcSource
from tests.api.contract.sample import START
from vision.evidence.overlay import draw_overlay
from vision.leads.lead import Finding

PEKING = ZoneInfo("Asia/Shanghai")
TIME = CaptureTime(Fraction(3), START, UtcSource.RTCP, 0.05, 0)


def drawn(class_name: str = "smoke", heading: str = "L20261123-001007", **measures: float) -> BgrImage:
    """Return the overlay of a grey picture with one box."""
    image = np.full((360, 640, 3), 128, np.uint8)
    finding = Finding(class_name, (40.0, 60.0, 200.0, 180.0), 0.88, TIME, "", measures)
    return draw_overlay(image, finding, [heading], PEKING)


def test_a_class_is_called_by_its_chinese_name() -> None:
    """``smoke`` is drawn as 烟, with a letter of its own and not as one that is missing; others as they came."""
    assert np.array_equal(drawn("smoke"), drawn("烟"))
    assert not np.array_equal(drawn("smoke"), drawn("fire"))
    assert not np.array_equal(drawn("tower"), drawn("smoke"))


def test_values_are_told_in_words_and_the_same_every_time() -> None:
    """A measure is drawn with its name and unit, whatever order it came in."""
    one = drawn(area_fraction=0.043, change_ratio=24.4)
    assert np.array_equal(one, drawn(change_ratio=24.4, area_fraction=0.043))
    assert not np.array_equal(one, drawn())


@pytest.mark.parametrize("letters", [1, 60, 200])
def test_a_long_line_stays_inside_the_picture(letters: int) -> None:
    """It is written smaller, and cut if need be: no letter in the last columns, nothing above the band."""
    overlay = drawn(heading="张" * letters)
    band = overlay[-20:, :]
    assert band.max() > 200, "something is written"
    assert int(overlay[-60:, -2:].max()) <= 128
    assert overlay.shape == (360, 640, 3)
    assert (overlay[200:250, 300:] == 128).all()
