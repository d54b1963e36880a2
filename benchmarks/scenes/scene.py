"""Scenes: what is filmed, by what camera, and what is true in each frame."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from benchmarks.scenes.light import Plane

Xyxy = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


class Kind(StrEnum):
    """What leaves a source."""

    SMOKE = "smoke"
    STEAM = "steam"
    FIRE = "fire"


class Colour(StrEnum):
    """Colour class of a plume (domain.md 1.6)."""

    BLACK = "black"
    GREY = "grey"
    WHITE = "white"
    YELLOW = "yellow"


class Place(StrEnum):
    """What stands in the picture."""

    WORKS = "works"
    STREET = "street"
    YARD = "yard"


class Weather(StrEnum):
    """What the sky looks like."""

    CLEAR = "clear"
    CLOUDY = "cloudy"
    OVERCAST = "overcast"
    DUSK = "dusk"
    FOG = "fog"
    RAIN = "rain"


@dataclass(frozen=True, slots=True)
class SceneEvent:
    """
    One source that emits for a while; the ground truth of a whole clip.

    Attributes:
        kind: what leaves the source.

        start_s: the first moment anything leaves it.

        end_s: the last one; what is in the air by then drifts on.

        opacity: in [0, 1]: once steady, the mean of `Sighting.opacity_reading`, which is taken on the plume's axis just
            above the outlet; of flames, their highest.

        colour: of the plume.

        at: the outlet as fractions of picture width and height; ``None`` for the lip of the stack.

        width: outlet width as a fraction of picture width; ``None`` for the stack's own.
    """

    kind: Kind
    start_s: float
    end_s: float
    opacity: float
    colour: Colour = Colour.GREY
    at: tuple[float, float] | None = None
    width: float | None = None


@dataclass(frozen=True, slots=True)
class Lens:
    """
    What the camera adds to the light.

    Attributes:
        noise_levels: standard deviation of sensor noise in 8-bit levels.

        shake_px: standard deviation of the picture's wandering in pixels.

        exposure_drift: relative amplitude of a slow swing of exposure (20 s period).

        vignette: relative loss of light in the corners.
    """

    noise_levels: float = 1.6
    shake_px: float = 0.0
    exposure_drift: float = 0.0
    vignette: float = 0.22


@dataclass(frozen=True, slots=True)
class Scene:
    """
    A clip that can be rendered: the same scene gives the same frames bit for bit, on one build of NumPy and OpenCV.

    Attributes:
        name: file name and title, lower case with hyphens.

        seed: of everything random in it.

        place: what stands in the picture.

        weather: what the sky looks like.

        events: what is emitted, and when.

        size_wh: picture size in pixels, both even.

        fps: frames a second.

        seconds: length.

        wind: outlet widths a second to the right; negative to the left.

        vehicles: cars on the road at any time.

        lens: what the camera adds.
    """

    name: str
    seed: int
    place: Place
    weather: Weather
    events: tuple[SceneEvent, ...] = ()
    size_wh: tuple[int, int] = (1280, 720)
    fps: float = 10.0
    seconds: float = 24.0
    wind: float = 2.4
    vehicles: int = 0
    lens: Lens = field(default_factory=Lens)

    @property
    def frames(self) -> int:
        """Number of frames."""
        return round(self.seconds * self.fps)

    @property
    def is_quiet(self) -> bool:
        """True where nothing in the scene deserves a lead: neither smoke nor fire."""
        return all(event.kind is Kind.STEAM for event in self.events)


@dataclass(frozen=True, slots=True)
class Sighting:
    """
    One event as it stands in one frame.

    Attributes:
        event: index in `Scene.events`.

        visible: anything of it is more than 5 % opaque.

        xyxy: around all of it that is more than 5 % opaque (or, for flames, luminous); zeros while invisible.

        opacity_mean: over the pixels inside that are more than 5 % opaque.

        opacity_axis: mean along the visible axis.

        opacity_max: anywhere.

        opacity_reading: on the axis just above the outlet, where an observer reads (domain.md 1.2).
    """

    event: int
    visible: bool
    xyxy: Xyxy
    opacity_mean: float
    opacity_axis: float
    opacity_max: float
    opacity_reading: float


@dataclass(frozen=True, slots=True)
class FrameTruth:
    """What is true in one frame: its number, its time in seconds, and every event's sighting."""

    index: int
    time_s: float
    sightings: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SceneFrame:
    """
    One rendered frame.

    Attributes:
        image: BGR ``uint8 (h, w, 3)``.

        truth: of this frame.

        opacity: float32 ``(h, w)`` in [0, 1]: of everything emitted together, pixel by pixel.
    """

    image: NDArray[np.uint8]
    truth: FrameTruth
    opacity: Plane
