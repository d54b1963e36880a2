"""Plume colour: the colour class of a plume, from its own light or from the light it takes (domain.md 1.6)."""

from vision.plume.plume import OpacityReading
from vision.plume.readings import PlumeColour

BLACK, WHITE = 0.09, 0.45
"""
Own light as a share of the brightest light in the picture, below which a plume is black, above which white. Rendered
plumes before houses, 20 to 100 % opaque: black 0.01 to 0.06, grey 0.13 to 0.26.
"""

COLOURED = 1.7
"""Ratio of red and blue from which a plume is coloured."""

EVEN = 0.25
"""Largest difference between the shares that a black or grey plume takes of the colours, of the share that it takes."""

DARK_SHARE = 0.9
"""Share of the light of the darkest white plume: a darker plume is not white, however thin it is."""


def colour_of(reading: OpacityReading, brightest: float) -> PlumeColour | None:
    """
    Return the colour class of a plume; ``None`` where it cannot be determined.

    Args:
        reading: with the plume's own light, or with the light above the lip and behind it.

        brightest: linear luminance of the brightest part of the picture, against which black and white are judged.
    """
    if brightest <= 0:
        return None
    if reading.own_light is None:
        return _dark_colour(reading, brightest)
    blue, green, red = (max(value, 1e-4) for value in reading.own_light)
    light = (blue + green + red) / 3 / brightest
    if light < BLACK:
        return PlumeColour.BLACK
    if red / blue > COLOURED:
        return PlumeColour.YELLOW
    if blue / red > COLOURED:
        return PlumeColour.BLUE
    return PlumeColour.WHITE if light > WHITE else PlumeColour.GREY


def _dark_colour(reading: OpacityReading, brightest: float) -> PlumeColour | None:
    """
    Return black or grey for a plume without a measured light of its own, before an even sky; else ``None``.

    It must take the same share of each colour, and be darker than any white plume would be in this light.
    """
    if reading.least is None or reading.light is None or reading.behind is None:
        return None
    shares = [seen / max(behind, 1e-4) for seen, behind in zip(reading.light, reading.behind, strict=True)]
    light = sum(reading.light) / 3 / brightest
    if max(shares) >= 1 or max(shares) - min(shares) > EVEN * (1 - min(shares)) or light >= DARK_SHARE * WHITE:
        return None
    return PlumeColour.BLACK if light < BLACK else PlumeColour.GREY
