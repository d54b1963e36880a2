"""
Sections of a worker's configuration other than cameras: what each key means, its unit, what goes wrong at each extreme.

`vision.config.worker` puts them together and reads the file; `vision.config.docs` renders the descriptions as
documentation.
"""

from enum import StrEnum
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from api.contract.fields import Name, Word
from api.contract.wire.moment import zone_name
from vision.config.section import Section


class SiteConfig(Section):
    """Where this worker stands."""

    name: Name = Field("", description="Name of the site, for people.")
    division: Word = Field(
        "",
        pattern=r"^(\d{6,12})?$",
        description="GB/T 2260 division code, e.g. `110112`; leads repeat it. Empty: leads cannot be sorted by "
        "district.",
    )
    town: Name = Field("", description="Town or street, for people.")
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

    model: Name = Field("", description="Name in the model registry. Empty: the registry's default.")
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
