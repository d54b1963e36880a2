"""Validity: every reason for which a reading has no number, and the notes on one that has."""

from collections.abc import Sequence
from enum import StrEnum
from statistics import median

from vision.scene.weather import Air

VEILED = 0.25
"""
Veil from which nothing is read. Rendered fog that takes 72 % of what is far has 0.30 and more, rendered rain 0.14 to
0.19, any other weather 0.06 at most. Of 80 photographs each 10 % of the foggy and 5 % of the rainy ones are above 0.3,
0 to 1 % of others: dense fog is recognised, haze is not (it takes contrast; a reading with too little is refused).
"""

REDDISH = 1.8
"""
Redness from which the sun stands low. Rendered dusk and sunset have 2.5 to 4.7, any other weather 1.05 at most; of 60
photographs each more than three quarters of sunrises are above it, 13 % of storms at most and 0 to 7 % of others.
"""


class Refusal(StrEnum):
    """
    Why a reading has no number. Closed: `docs/glossary.md` holds each with its Chinese words.

    Attributes:
        NO_CLEAN_BACKGROUND: the background is unknown: the plume was there from the beginning, or the whole picture has
        changed since.

        OLD_BACKGROUND: the clean background is too old; the light has changed.

        FEW_PICTURES: too few in these 15 seconds to give an uncertainty.

        NARROW_OUTLET: too few pixels across the outlet to see texture.

        DARK: too little light.

        INFRARED: the picture has no colour: the camera uses its own lamp.

        SATURATED: too many pixels are saturated.

        NO_CONTRAST: the background has no texture: an even sky.

        BACKGROUND_MOVES: the background's texture changes from minute to minute: clouds, traffic.

        CAMERA_MOVED: the pictures do not show the same place.

        WEATHER: rain, snow or fog veils what stands beside the plume too.

        SUN_IN_FRONT: the sun is outside the sector of 140 degrees behind the camera (EPA Method 9).

        LOW_SUN: it stands lower than 10 degrees, or, where its position is unknown, the light is as red as then.

        TOO_FAR: the outlet is beyond the distance of allowed readings.

        STEAM: the plume is condensed water, and nothing can be read beyond its end.

        UNCERTAIN: the parts of the reading differ by more than an observer's allowed error.
    """

    NO_CLEAN_BACKGROUND = "no_clean_background"
    OLD_BACKGROUND = "old_background"
    FEW_PICTURES = "few_pictures"
    NARROW_OUTLET = "narrow_outlet"
    DARK = "dark"
    INFRARED = "infrared"
    SATURATED = "saturated"
    NO_CONTRAST = "no_contrast"
    BACKGROUND_MOVES = "background_moves"
    CAMERA_MOVED = "camera_moved"
    WEATHER = "weather"
    SUN_IN_FRONT = "sun_in_front"
    LOW_SUN = "low_sun"
    TOO_FAR = "too_far"
    STEAM = "steam"
    UNCERTAIN = "uncertain"


class Note(StrEnum):
    """
    Remarks on a reading that do not change its number.

    Attributes:
        SUN_UNKNOWN: the camera's position or direction is not configured, so the sun's position is unknown.

        BEYOND_STEAM: read where the condensed water had evaporated, not at the lip.

        OVERCAST: no sun disc; HJ/T 398 lets an observer subtract a quarter to half a grade, which is not done here.
    """

    SUN_UNKNOWN = "sun_unknown"
    BEYOND_STEAM = "beyond_steam"
    OVERCAST = "overcast"


VALID = "valid"
"""Validity of a reading that has a number."""


def refused_in(air: Sequence[Air], *, is_sun_known: bool) -> Refusal | None:
    """Return why nothing may be read through the pictures' air; ``None`` where it may."""
    if not air:
        return None
    if median(each.veil for each in air) > VEILED:
        return Refusal.WEATHER
    is_red = median(each.redness for each in air) > REDDISH
    return Refusal.LOW_SUN if is_red and not is_sun_known else None
