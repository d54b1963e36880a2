"""Weather: the air and the light of a picture, and what they forbid."""

import cv2
import numpy as np
import pytest

from streams.frame import BgrImage
from tests.vision.faults import YARD, hazy
from vision.plume.validity import VEILED, Refusal, refused_in
from vision.scene.weather import Air


def _lit(blue: float, green: float, red: float) -> BgrImage:
    """Return the yard under a light, a share of each colour, before a sky of that light."""
    image = (YARD * np.array([blue, green, red])).astype(np.uint8)
    cv2.rectangle(image, (0, 0), (320, 60), (int(240 * blue), int(240 * green), int(240 * red)), -1)
    return image


@pytest.mark.parametrize(
    ("image", "is_sun_known", "refusal"),
    [
        (_lit(1.0, 1.0, 1.0), False, None),
        (_lit(1.0, 0.9, 0.8), False, None),
        (_lit(0.5, 0.7, 1.0), False, Refusal.LOW_SUN),
        (_lit(0.5, 0.7, 1.0), True, None),
        (hazy(1, 0.15), False, Refusal.WEATHER),
        (hazy(1, 0.15), True, Refusal.WEATHER),
    ],
    ids=["day", "blue sky", "red light", "red light, sun known to be high", "fog", "fog, sun known"],
)
def test_fog_and_red_light_forbid_a_reading(image: BgrImage, refusal: Refusal | None, *, is_sun_known: bool) -> None:
    """Fog always, the red light of a low sun only where nobody knows where the sun stands."""
    assert refused_in([Air.of(image)], is_sun_known=is_sun_known) is refusal


def test_one_picture_of_many_decides_nothing() -> None:
    """The median counts: a lorry's side before the lens for a moment is no fog."""
    clear, fog = Air.of(YARD), Air.of(hazy(1, 0.1))
    assert fog.veil > VEILED > clear.veil
    assert refused_in([clear, fog, clear], is_sun_known=True) is None
    assert refused_in([], is_sun_known=False) is None
