"""A rule's table in the configuration: when it works, where, and what makes a lead of a tracked box."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Self

from pydantic import Field, model_validator

from api.contract.fields import Word
from vision.config.hours import ScheduleConfig
from vision.config.section import Name, Section, ViolationCode
from vision.config.zones import ZoneTest


class RuleKind(StrEnum):
    """What a rule looks for."""

    SMOKE = "smoke"
    FIRE = "fire"


class ConfirmBy(StrEnum):
    """What confirms a track: see `RuleConfig.confirm`."""

    BELIEF = "belief"
    K_OF_N = "k_of_n"


class RuleConfig(Section):
    """When a tracked box becomes a lead. How the defaults were measured: `benchmarks/confirm`."""

    kind: RuleKind = Field(
        description="What it looks for. In `[rules.smoke]` and `[rules.fire]` it goes without saying."
    )
    enabled: bool = Field(True, description="Off: it makes no lead.")  # noqa: FBT003
    confirm: ConfirmBy = Field(
        ConfirmBy.BELIEF,
        description="`belief`: how sure the boxes of the last six seconds are in the mean, how flame-coloured and how "
        "fast they are, is weighed into a calibrated probability, with weights fitted for the model; `k_of_n` where "
        "none are. `k_of_n`: the mean of the best `k` of the last `n` boxes must reach `threshold`.",
    )
    probability: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="By belief: probability that opens a lead; boxes at `release` times it hold it. 0: what the fit "
        "chose for the model. Lower: more false leads. Higher: later, and thin plumes are missed.",
    )
    support: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Without effect since 0.1; accepted until 0.2. The probability alone decides by belief.",
    )
    threshold: float = Field(
        0.3,
        ge=0.01,
        le=0.99,
        description="Confidence that opens a lead: mean of the best `k` boxes. Lower: more false leads. "
        "Higher: thin and distant plumes are missed.",
    )
    hysteresis: float = Field(
        0.8,
        gt=0,
        le=1,
        description="Boxes from `hysteresis x threshold` count towards `k`. 1: a plume that flickers about the "
        "threshold "
        "is confirmed late; much lower: weak boxes ride on one strong one.",
    )
    k: int = Field(
        4,
        ge=2,
        le=100,
        description="Analysed pictures that must hold the box. Fewer: a passing reflection is enough. More: later.",
    )
    n: int = Field(
        6, ge=2, le=200, description="... out of the last so many. Equal to `k`: one missed picture starts it all over."
    )
    window_s: float = Field(
        30.0,
        gt=0,
        le=600,
        description="Pictures older than this many seconds never count, however slow the camera is analysed. Shorter "
        "than "
        "`n` pictures: never confirms.",
    )
    min_duration_s: float = Field(
        1.5,
        ge=0,
        le=600,
        description="Seconds from the first box that counts to the last. 0: at a high `analysis_fps` a flash is "
        "enough. "
        "Longer: later.",
    )
    min_change: float = Field(
        1.5,
        ge=0,
        le=50,
        description="How much the pixels in the box must have changed since it was first seen, in multiples of the "
        "noise around it; less is a sign, a lamp or a stain. 0: off. High: slow distant plumes are held back.",
    )
    static_after_s: float = Field(
        60.0,
        gt=0,
        le=3600,
        description="Seconds after which a box that never changed is dropped as static instead of waiting.",
    )
    release: float = Field(
        0.7,
        gt=0,
        le=1,
        description="A lead lasts while boxes reach `release x threshold`. 1: it breaks into pieces. Much lower: it "
        "hangs on whatever is there.",
    )
    close_after_s: float = Field(
        60.0,
        gt=0,
        le=3600,
        description="Seconds without such a box after which a lead is closed. Short: one plume makes many leads. Long: "
        "two events become one.",
    )
    zones: tuple[Name, ...] = Field(
        (), description="Names of watch zones it is confined to. Empty: everywhere that is not masked."
    )
    zone_test: ZoneTest = Field(
        ZoneTest.OVERLAP,
        description="How a box is in a zone: `overlap` (share of the box at least `min_overlap`), `base` (middle of "
        "its "
        "lower edge, for things on the ground) or `centre`.",
    )
    min_overlap: float = Field(
        0.3,
        gt=0,
        le=1,
        description="Share of the box that must lie in the zone for `overlap`. Low: neighbours' plumes count. High: a "
        "plume that drifts out is lost.",
    )
    schedule: tuple[ScheduleConfig, ...] = Field((), description="When it works. Empty: always.")
    violation_code: ViolationCode = Field(
        "",
        description="Code it proposes; the reviewer decides. Empty: `V01_STACK_SMOKE` for smoke, `V04_WASTE_BURN` "
        "for fire.",
    )
    cameras: tuple[Word, ...] = Field((), description="Ids of the cameras it works on. Empty: all.")

    @model_validator(mode="after")
    def _k_fits_in_n(self) -> Self:
        if self.k > self.n:
            raise ValueError(f"k must not exceed n, got k = {self.k} and n = {self.n}")
        if self.min_duration_s > self.window_s:
            raise ValueError(
                f"min_duration_s must not exceed window_s, got {self.min_duration_s:g} and {self.window_s:g}"
            )
        return self


class ViolationRuleConfig(Section):
    """A rule of the violation catalogue, by its code; zones of the right kind put it to work."""

    enabled: bool = Field(True, description="Off: it makes no lead, and smoke in its zones is the smoke rule's again.")  # noqa: FBT003
    threshold: float = Field(
        0.3,
        ge=0.01,
        le=0.99,
        description="Confidence from which a box counts; the owner's risk colour and positive list move it by 0.05. "
        "Rules on readings (V01, V02) need no box.",
    )
    min_change: float = Field(
        1.5, ge=0, le=50, description="As in `[rules]`: less change of its pixels is a sign, a lamp or a stain."
    )
    seen_s: float = Field(
        0.0,
        ge=0,
        le=3600,
        description="Seconds that it must be seen, half as long again for owners of green colour or on the positive "
        "list. 0: the catalogue's. Without effect for V01, whose times are fixed: more than 120 s of 30 min over "
        "the limit (HJ/T 398), or 60 s at grade 2.",
    )
    window_s: float = Field(
        0.0,
        ge=0,
        le=7200,
        description="... out of the last so many. 0: the catalogue's. Without effect for V01 and V17.",
    )
    schedule: tuple[ScheduleConfig, ...] = Field(
        (),
        description="When it works: the hours of a barbecue ban, business hours of kitchens. Empty: always. "
        "Without effect for V17.",
    )
    cameras: tuple[Word, ...] = Field((), description="Ids of the cameras it works on. Empty: all.")


FIXED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"V01_STACK_SMOKE": ("seen_s", "window_s"), "V17_DEVICE_TAMPER": ("window_s", "schedule")}
)
"""
Keys of `[violations.CODE]` without effect, by code: the times of a stack's grade are the standard's (HJ/T 398), and a
camera is tampered with at any hour.
"""
