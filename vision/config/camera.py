"""Camera section: one camera, the zones in its picture, and its file under article 41."""

from collections.abc import Container
from datetime import date

from pydantic import Field, field_validator

from api.contract.fields import Line, Word, one_line
from api.contract.fields import Name as LongName
from api.contract.source import SourceError, checked_source
from api.contract.wire.identifiers import GbId
from api.contract.zones import MOST_SPANS, MOST_ZONES, PolygonError, checked_polygon
from streams.camera import NO_SUCH_KIND, Camera, CameraIdError, SourceUrl, camera_id
from vision.config.hours import ScheduleConfig
from vision.config.section import Name, Section, ViolationCode
from vision.config.stream import StreamConfig
from vision.config.zones import ZoneKind


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
