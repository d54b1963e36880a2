"""Scenes: what is filmed, by what camera, and what is true in each frame."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from benchmarks.scenes.light import Plane
from vision.scene.health import PictureFault

Xyxy = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


class Kind(StrEnum):
    """What leaves a source."""

    SMOKE = "smoke"
    STEAM = "steam"
    FIRE = "fire"
    DUST = "dust"


REPORTED = frozenset({Kind.SMOKE, Kind.FIRE})
"""What deserves a lead; steam and dust only look like it."""


class LookAlike(StrEnum):
    """What in a quiet scene may be taken for smoke or fire (domain.md 2)."""

    NOTHING = "nothing"
    STEAM = "steam"
    CLOUDS = "clouds"
    SUNSET = "sunset"
    FOG = "fog"
    HEADLIGHTS = "headlights"
    RAIN = "rain"
    LIGHTNING = "lightning"
    VEHICLES = "vehicles"
    RED_CLOTH = "red cloth"
    DUST = "dust"
    CAMERA = "camera"
    """Shake, exposure that drifts, a switch to infra-red."""


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
    HILLS = "hills"
    POWER_PLANT = "power plant"
    AVENUE = "avenue"
    DEPOT = "depot"
    VALLEY = "valley"


class Weather(StrEnum):
    """What the sky looks like."""

    CLEAR = "clear"
    CLOUDY = "cloudy"
    OVERCAST = "overcast"
    DUSK = "dusk"
    FOG = "fog"
    RAIN = "rain"
    LOW_CLOUD = "low cloud"
    SUNSET = "sunset"
    NIGHT = "night"


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

        speed: picture widths a second at which the outlet moves to the right, negative to the left: the exhaust of a
            lorry that comes into the picture at `start_s`. ``at`` then only tells the height.
    """

    kind: Kind
    start_s: float
    end_s: float
    opacity: float
    colour: Colour = Colour.GREY
    at: tuple[float, float] | None = None
    width: float | None = None
    speed: float = 0.0


@dataclass(frozen=True, slots=True)
class FogBank:
    """Fog that rolls in: from `start_s` on, at `full_s` with `thickness`, the share of its light in what is far."""

    start_s: float
    full_s: float
    thickness: float


@dataclass(frozen=True, slots=True)
class Cloth:
    """A flag or a sheet in the wind: its fixed edge's top corner and its size as fractions, and its sRGB colour."""

    at: tuple[float, float]
    size: tuple[float, float]
    rgb: tuple[int, int, int] = (196, 24, 22)


@dataclass(frozen=True, slots=True)
class CameraFault:
    """
    What goes wrong with the camera itself, from `start_s` to `end_s`.

    A camera that is to be moved sees the middle 74 % of its place, enlarged; such a scene can have no events.
    """

    kind: PictureFault
    start_s: float
    end_s: float = 1e6


@dataclass(frozen=True, slots=True)
class Lens:
    """
    What the camera adds to the light.

    Attributes:
        noise_levels: standard deviation of sensor noise in 8-bit levels.

        shake_px: standard deviation of the picture's wandering in pixels.

        exposure_drift: relative amplitude of a slow swing of exposure (20 s period).

        vignette: relative loss of light in the corners.

        infrared_s: when the camera switches to infra-red: no colour, another brightness; ``None`` for never.
    """

    noise_levels: float = 1.6
    shake_px: float = 0.0
    exposure_drift: float = 0.0
    vignette: float = 0.22
    infrared_s: float | None = None


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

        family: of which it is one (`benchmarks.scenes.families`); empty outside them.

        look_alike: what in it may be mistaken, where nothing deserves a lead.

        fault: of the camera.

        fog: that rolls in.

        flashes_s: when lightning strikes.

        cloths: flags and sheets.

        oncoming: vehicles at any time that drive towards the camera with their lights on.

        cloud_speed: of the clouds' drift, 1 is slow.
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
    family: str = ""
    look_alike: LookAlike | None = None
    fault: CameraFault | None = None
    fog: FogBank | None = None
    flashes_s: tuple[float, ...] = ()
    cloths: tuple[Cloth, ...] = ()
    oncoming: int = 0
    cloud_speed: float = 1.0

    def __post_init__(self) -> None:
        if self.events and self.fault is not None and self.fault.kind is PictureFault.MOVED:
            raise ValueError(f"{self.name}: a scene of a moved camera can have no events")

    @property
    def frames(self) -> int:
        """Number of frames."""
        return round(self.seconds * self.fps)

    @property
    def is_quiet(self) -> bool:
        """True where nothing in the scene deserves a lead: neither smoke nor fire."""
        return not any(event.kind in REPORTED for event in self.events)


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
