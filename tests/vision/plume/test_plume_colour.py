"""The colour class of a plume."""

import pytest

from vision.plume.plume import Bgr, OpacityReading
from vision.plume.plume_colour import colour_of
from vision.plume.readings import PlumeColour
from vision.plume.validity import Refusal


@pytest.mark.parametrize(
    ("light", "colour"),
    [
        ((0.03, 0.03, 0.03), PlumeColour.BLACK),
        ((0.18, 0.12, 0.06), PlumeColour.GREY),
        ((0.18, 0.16, 0.12), None),
        ((0.42, 0.28, 0.14), None),
        ((0.70, 0.50, 0.30), None),
    ],
    ids=["opaque", "takes all colours alike", "adds light of its own", "too bright to exclude white", "brighter"],
)
def test_before_an_even_sky_only_dark_smoke_has_a_colour(light: Bgr, colour: PlumeColour | None) -> None:
    """Without texture a plume's own light is not known; what darkens a blue sky evenly and deeply is black or grey."""
    behind = (0.6, 0.4, 0.2)
    least = max(1 - sum(light) / sum(behind), 0.0) or None
    reading = OpacityReading(None, 0.3, 0.0, 0.002, least, None, 30, Refusal.NO_CONTRAST, light, behind)
    assert colour_of(reading, 0.5) is colour
