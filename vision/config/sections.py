"""
Sections of a worker's configuration: what each key means, its unit, and what goes wrong at each extreme.

`vision.config.worker` puts them together and reads the file; `vision.config.docs` renders the descriptions as
documentation.
"""

from collections.abc import Container
from datetime import date
from enum import StrEnum
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from api.contract.fields import Line, Word, one_line
from api.contract.fields import Name as LongName
from api.contract.source import SourceError, checked_source
from api.contract.wire.identifiers import GbId
from api.contract.wire.moment import zone_name
from api.contract.zones import MOST_SPANS, MOST_ZONES, PolygonError, checked_polygon
from streams.camera import (
    NO_SUCH_KIND,
    Camera,
    CameraIdError,
    Hwaccel,
    Pace,
    SourceUrl,
    StreamSettings,
    Transport,
    WatchPolicy,
    camera_id,
)
from vision.config.hours import ScheduleConfig
from vision.config.section import Name, Section, ViolationCode
from vision.config.zones import ZoneKind


class SiteConfig(Section):
    """Where this worker stands."""

    name: LongName = Field("", description="Name of the site, for people.")
    division: Word = Field(
        "",
        pattern=r"^(\d{6,12})?$",
        description="GB/T 2260 division code, e.g. `110112`; leads repeat it. Empty: leads cannot be sorted by "
        "district.",
    )
    town: LongName = Field("", description="Town or street, for people.")
    timezone: Word = Field(
        "Asia/Shanghai",
        description="IANA name of the zone in which schedules are read and people are told times. A wrong zone shifts "
        "every schedule; evidence stays in UTC.",
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        return zone_name(name)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.timezone)


class DetectorConfig(Section):
    """Which model looks at the pictures, and at how many cameras closely at once."""

    model: LongName = Field("", description="Name in the model registry. Empty: the registry's default.")
    runtime: Literal[
        "auto", "onnxruntime", "openvino", "openvino-f32", "openvino-bf16", "openvino-int8", "cuda", "tensorrt"
    ] = Field(
        "auto",
        description="Engine that runs the model. `auto` takes CUDA where an ONNX Runtime with it is installed "
        "(`plumewatch[gpu]`), else OpenVINO: the model's INT8 form where it has one and the CPU units for it (VNNI, "
        "AMX), else in bf16 where the CPU computes in it; the log says what and why. `openvino-int8` takes that form "
        "on any CPU; each of the others but `openvino` the ONNX file. "
        "`onnxruntime` is f32 on the CPU, `cuda` f32, `tensorrt` f16 (minutes at each start). Precisions give slightly "
        "different boxes: name an f32 one where machines must agree.",
    )
    candidate_threshold: float = Field(
        0.1,
        ge=0.01,
        le=0.9,
        description="Lowest confidence of a box that may continue a track. Lower: more boxes to follow, more CPU, "
        "tracks "
        "wander. Higher: a plume that fades for a moment is lost and counted anew. Must not exceed any rule's "
        "`threshold`.",
    )
    magnify: bool = Field(
        True,  # noqa: FBT003
        description="Without effect since 0.1; accepted until 0.2. Pictures were looked at a second time where "
        "something faint was new: it found no more on real film.",
    )
    focus_cameras: int = Field(
        0,
        ge=0,
        le=1000,
        description="Most cameras of this worker at once that a sign brings into focus; the others wait their turn on "
        "patrol. Cameras "
        "whose own `stream.watch` or key frames keep them in focus are not counted. 0: two for each processor core. "
        "More "
        "than the processor decodes: pictures are skipped and patrols come late.",
    )


class EvidenceConfig(Section):
    """What an evidence package holds."""

    pre_roll_s: float = Field(
        10.0,
        ge=0,
        le=300,
        description="Seconds of the original stream before the lead was first seen. Less than 10 falls short of "
        "the evidence rules; more needs a longer `stream.ring_s`.",
    )
    post_roll_s: float = Field(
        10.0,
        ge=0,
        le=300,
        description="Seconds of the original stream after confirmation. Less than 10 falls short of the evidence "
        "rules; more delays the package by as much.",
    )
    stills: int = Field(
        4,
        ge=1,
        le=20,
        description="Most lossless pictures in a package: peak, first seen, confirmed, last seen, and beyond four some "
        "spread evenly over the event. Each 4K picture adds about 10 MB to it.",
    )
    sm2_signature: bool = Field(
        default=False,
        description="Sign each package by SM2 (GB/T 32918 with SM3) too, beside the node's ECDSA signature and never "
        "instead of it. Needs an `openssl` with SM2 on the worker's machine; the key is made in the node's folder.",
    )


class CutOff(StrEnum):
    """What a worker does with registered cameras when neither bus nor API answers: see `MembershipConfig.cut_off`."""

    WATCH = "watch"
    STOP = "stop"


class MembershipConfig(Section):
    """A worker's part in watching the cameras that admins register: all workers on one bus share them."""

    max_cameras: int = Field(
        0,
        ge=0,
        le=10_000,
        description="Cameras to watch at most, those of this file included. 0: 32 for each processor core, and more "
        "while it keeps up; none more as soon as it does not. Too many: cameras are looked at late. Too few in all "
        "workers together: some cameras are watched by nobody.",
    )
    cut_off: CutOff = Field(
        CutOff.WATCH,
        description="What to do with registered cameras while neither bus nor API answers. `watch`: go on; if only "
        "this worker is cut off, another watches them too until it is back. `stop`: never two at a time, but nobody "
        "watches while the centre is down.",
    )


class StreamConfig(Section):
    """How streams are read; a camera's own table overrides single keys."""

    transport: Transport = Field(
        Transport.TCP,
        description="RTP transport for RTSP. `udp` has less delay and smears the picture when packets are lost.",
    )
    open_timeout_s: float = Field(
        10.0,
        gt=0,
        le=120,
        description="Seconds to wait for a stream to open. On-demand gateways need 3-10 s: less never opens them; more "
        "keeps a dead camera unnoticed.",
    )
    read_timeout_s: float = Field(
        10.0,
        gt=0,
        le=120,
        description="Seconds of silence after which a stream counts as lost. Too short: reconnects at every hiccup. "
        "Too "
        "long: blind without saying so.",
    )
    backoff_max_s: float = Field(
        30.0,
        gt=0,
        le=600,
        description="Longest pause in seconds between attempts to reconnect. Short: a dead gateway is hammered. "
        "Long: a "
        "camera that is back is picked up late.",
    )
    analysis_fps: float = Field(
        2.0,
        gt=0,
        le=30,
        description="Pictures a second handed to the detector in focus. 2 is what the rules were measured at; more "
        "costs CPU in proportion, below 1 confirmation takes longer than 10 s.",
    )
    watch: WatchPolicy = Field(
        WatchPolicy.AUTO,
        description="`auto`: patrol (key frames alone are decoded) with focus (everything is, at `analysis_fps`) while "
        "something shows, and for good where key frames are further apart than `patrol_limit_s`. `patrol`: key frames "
        "alone, whatever shows: cheapest, confirms late. `focus`: always everything, at about ten times the CPU.",
    )
    patrol_interval_s: float = Field(
        2.0,
        gt=0,
        le=60,
        description="On patrol at most one key frame in so many seconds is decoded. Shorter helps only where they come "
        "as often, and costs CPU. Longer: what is there for less time is never seen.",
    )
    patrol_limit_s: float = Field(
        5.0,
        gt=0,
        le=600,
        description="Seconds between key frames beyond which `auto` stays in focus: encoders that save bits (smart "
        "codecs) send one in 10 s or more. Better to set the encoder to 2 s. Longer: such cameras are looked at as "
        "rarely.",
    )
    hwaccel: Hwaccel = Field(
        Hwaccel.NONE,
        description="Device that decodes: `cuda` (NVDEC), `vaapi`, `auto` for the first there is. Where it cannot, the "
        "processor does, and the camera's state says why.",
    )
    ring_s: float = Field(
        45.0,
        gt=0,
        le=3600,
        description="Seconds of encoded stream kept in memory for evidence: 22 MB at 4 Mbit/s. Must hold pre-roll, "
        "confirmation and post-roll; less cuts the pre-roll of what took long to confirm short (and the package says "
        "so), more only costs memory.",
    )
    ring_max_bytes: int = Field(
        96 * 1024 * 1024,
        ge=1024 * 1024,
        description="Upper bound of that memory in bytes, whatever the bit rate. Too small: the pre-roll is cut short "
        "(and the package says so). Whatever it holds, a clip shows at most 384 MiB, those around the confirmation: a "
        "package takes no more.",
    )
    pace: Pace = Field(
        Pace.REALTIME, description="For files only: at their own speed like a camera, or as fast as can be analysed."
    )
    loop: bool = Field(False, description="For files only: start again at the end, as a new epoch.")  # noqa: FBT003

    def settings(self, overrides: "StreamConfig") -> StreamSettings:
        """Return these settings with every key that `overrides` sets explicitly replaced."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        values.update({name: getattr(overrides, name) for name in overrides.model_fields_set})
        return StreamSettings(**values)


class Art41Config(Section):
    """The camera's file under article 41, as packages repeat it; a lead's class comes from the file the API keeps."""

    legal_review: Line = Field("", description="Who reviewed the camera legally, when, and the document's number.")
    technical_review: Line = Field("", description="Who reviewed it technically, when, and the document's number.")
    published: Line = Field("", description="Where and when its location was published.")
    valid_until: date | None = Field(None, description="Last day on which both reviews hold.")


class ZoneConfig(Section):
    """A polygon in a camera's picture."""

    name: Name = Field(description="Name by which rules refer to it; unique within the camera.")
    kind: ZoneKind = Field(
        ZoneKind.WATCH,
        description="`watch`: rules may ask for boxes in it. `mask`: boxes in it are never reported. `outlet`: the top "
        "of a registered stack, as wide as its lip, the upper edge on the lip: opacity is read above it. The others "
        "put a rule of the catalogue to work: `vent` a kitchen's outlet, `premises` a plant's ground, `field`, "
        "`no_burn` and `no_bbq` where burning or grilling is banned. `road` and `works` (a building site) put none to "
        "work yet, as vehicles and machines cannot be told (V10, V11): leads of the standing rules name the zone, no "
        "more. Flames are a fire alarm, unless an `outlet`, `premises` or `no_bbq` zone explains them.",
    )
    polygon: tuple[tuple[float, float], ...] = Field(
        description="3 to 64 points `[x, y]` as shares of width and height, 0 to 1 from the top left corner."
    )
    owner: Word = Field(
        "",
        max_length=64,
        description="Whose outlet or ground it is: code or name of one of `[[enterprises]]`. Of any other code or name "
        "leads say that it is not in the register, and neither colour nor list counts; `check-config` warns of it.",
    )
    outlet: Word = Field("", max_length=32, description="Outlet number of the permit, e.g. `DA001`.")
    grade_limit: float = Field(
        1.0,
        ge=0,
        le=5,
        description="Ringelmann grade that the outlet must not exceed (GB 13271-2014, DB11/139-2015: 1). Lower: "
        "allowed smoke is reported. Higher: forbidden smoke is not.",
    )
    distance_m: float | None = Field(
        None,
        gt=0,
        description="Metres from the camera to the outlet; nothing is read beyond 400. Absent: not known, nothing is "
        "refused for it.",
    )
    violation_code: ViolationCode = Field(
        "", description="Code proposed for a lead in this zone. Empty: the rule's own code."
    )
    schedule: tuple[ScheduleConfig, ...] = Field(
        (),
        max_length=MOST_SPANS,
        description="When it counts. Outside these hours a mask hides nothing, and smoke in any other zone makes no "
        "lead; flames are told at any hour. Empty: always.",
    )

    @field_validator("polygon")
    @classmethod
    def _encloses_an_area(cls, polygon: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        try:
            return checked_polygon(polygon)
        except PolygonError as error:
            raise ValueError(str(error)) from None


class CameraConfig(Section):
    """One camera."""

    id: Word = Field(description="1-64 of `A-Z a-z 0-9 _ -`, unique; a 20-digit GB/T 28181 id fits.")
    name: LongName = Field("", description="Name for people. Empty: the id.")
    source: str = Field(  # no limit of the type: its message would show the password
        min_length=1,
        repr=False,
        description="RTSP, RTMP, HLS or HTTP-FLV address, or a file's path. Never logged in full.",
    )
    gb_id: GbId = Field("", description="20-digit GB/T 28181 id, where it has one.")
    town: LongName = Field("", description="Town or street. Empty: the site's.")
    lon: float | None = Field(None, ge=-180, le=180, description="Degrees east, WGS 84.")
    lat: float | None = Field(None, ge=-90, le=90, description="Degrees north, WGS 84.")
    height_m: float | None = Field(None, description="Metres above ground.")
    azimuth_deg: float | None = Field(
        None, ge=0, lt=360, description="Direction it looks, degrees clockwise from north."
    )
    fov_deg: float | None = Field(None, gt=0, le=360, description="Horizontal field of view in degrees.")
    preset: int | None = Field(None, ge=0, description="PTZ preset it must stand at, where it has one.")
    art41: Art41Config = Field(default_factory=Art41Config, description="Its file under article 41.")
    stream: StreamConfig = Field(
        default_factory=StreamConfig, description="Keys that differ from the common `[stream]` table."
    )
    zones: tuple[ZoneConfig, ...] = Field((), max_length=MOST_ZONES, description="Polygons in its picture.")
    false_leads_a_day: float | None = Field(
        None, ge=0, le=100, description="Its own budget of false leads a day. Absent: that of `[budget]`. 0: none."
    )

    @field_validator("id")
    @classmethod
    def _fit_for_an_id(cls, text: str) -> str:
        try:
            return camera_id(text)
        except CameraIdError as error:
            raise ValueError(str(error)) from None

    @field_validator("source")
    @classmethod
    def _of_a_known_kind(cls, text: str) -> str:
        source = SourceUrl(text)
        if source.has_unknown_scheme:
            raise ValueError(f"{source.redacted}: {NO_SUCH_KIND}")
        try:
            return checked_source(text)
        except SourceError as error:
            raise ValueError(f"{one_line(source.redacted)}: {error}") from None

    def owners_outside(self, register: Container[str]) -> list[str]:
        """Return the owners that its zones name and `register` does not hold, each once."""
        owners = dict.fromkeys(zone.owner for zone in self.zones if zone.owner)
        return [owner for owner in owners if owner not in register]

    def to_camera(self, common: StreamConfig) -> Camera:
        """Return the camera for `streams`, its own stream keys laid over the `common` ones."""
        return Camera(
            id=camera_id(self.id),
            name=self.name or self.id,
            source=SourceUrl(self.source),
            settings=common.settings(self.stream),
        )


class BudgetConfig(Section):
    """How many false leads a camera may tell: see `vision.leads.budget`."""

    false_leads_a_day: float = Field(
        0.0,
        ge=0,
        le=100,
        description="Most false leads a camera and day that are expected of it, by its own history of two weeks and by "
        "what reviewers said of its leads. The probability at which the rules of `[rules]` open leads follows, or, for "
        "a model without fitted weights, their `threshold`, never below the configured one; the wall shows it with the "
        "recall and delay that it costs. 0: no budget. Small: a busy camera reports late and misses thin plumes. Rules "
        "that set `probability`, or `k_of_n` where weights were fitted, are left alone, and so are those of the "
        "catalogue.",
    )
