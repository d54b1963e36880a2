"""
Families of the catalogue: which rules a camera's zones need (domain.md 7.2).

Each family has a file of its own; they are put together here from the configuration.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from api.contract.catalogue import catalogue
from streams.camera import camera_id
from vision.config.camera import CameraConfig, ZoneConfig
from vision.config.enterprises import register_of
from vision.config.hours import schedule_of
from vision.config.schedule import Schedule
from vision.config.worker import WorkerConfig
from vision.config.zones import Masks, Zone, ZoneKind
from vision.rules import tamper
from vision.rules.leniency import SHIFTS, leniency_of
from vision.rules.tamper import TamperRule
from vision.rules.zone import alert, barbecue, burning, bypass, colour, fume, stack
from vision.rules.zone.boxes import BoxWatcher, Terms
from vision.rules.zone.places import OffOutlets, at, fixed_in
from vision.rules.zone.zonal import RuleName, Watcher, ZoneRule

RELEASE = 0.7
"""Hysteresis of boxes: share of the threshold down to which boxes continue to count (domain.md 7.3)."""


class Families:
    """Builds the zonal rules of one camera."""

    def __init__(self, camera: CameraConfig, config: WorkerConfig, class_names: tuple[str, ...]) -> None:
        self._camera = camera
        self._config = config
        self._class_names = class_names
        self._register = register_of(config.enterprises)
        self._outlets = [zone_of(z) for z in camera.zones if z.kind is ZoneKind.OUTLET]

    @property
    def smoke_zones(self) -> frozenset[str]:
        """Names of the zones whose smoke only these rules report, not the standing smoke rule."""
        return frozenset(
            zone.name
            for zone in self._camera.zones
            if zone.kind is not ZoneKind.OUTLET and any(self._is_on(name) for name, _ in _MAKERS.get(zone.kind, ()))
        )

    def rules(self) -> Iterator[ZoneRule]:
        """Yield a rule for each zone and family whose classes the model knows and that is switched on."""
        for zone in self._camera.zones:
            for name, make in _MAKERS.get(zone.kind, ()):
                if self._is_on(name):
                    watcher = make(self, name, zone)
                    yield ZoneRule(name, camera_id(self._camera.id), zone, watcher, self._hours(name, zone))

    @property
    def lowest_confidence(self) -> float:
        """Confidence from which a box can count for one of these rules."""
        names = [name for makers in _MAKERS.values() for name, _ in makers if self._is_on(name)]
        thresholds = [self._config.violation(name.violation_code).threshold for name in names]
        return RELEASE * (min(thresholds, default=1.0) + min(SHIFTS.values()))

    def tamper(self) -> TamperRule:
        """Return the tamper rule; it is inactive where no plant is watched or it is switched off."""
        settings = self._config.violation(tamper.CODE)
        is_ours = not settings.cameras or self._camera.id in settings.cameras
        seen_s = settings.seen_s or catalogue().by_code[tamper.CODE].durations["seen_s"]
        zones = self._camera.zones if settings.enabled and is_ours else ()
        return TamperRule(
            camera_id(self._camera.id),
            zones,
            seen_s,
            lambda zone: leniency_of(zone, self._config),
            turns=self._camera.preset is not None,
        )

    def _is_on(self, name: RuleName) -> bool:
        """Whether a family is switched on for this camera and the model knows its classes."""
        settings = self._config.violation(name.violation_code)
        is_ours = not settings.cameras or self._camera.id in settings.cameras
        return settings.enabled and is_ours and not catalogue().by_code[name.violation_code].missing(self._class_names)

    def _hours(self, name: RuleName, zone: ZoneConfig) -> list[Schedule]:
        """Return the hours of a zone, and those of a family on readings; families on boxes mind their own."""
        spans = [zone.schedule]
        if name in _ON_READINGS:
            spans.append(self._config.violation(name.violation_code).schedule)
        return [schedule_of(each, self._config.site.zone) for each in spans]

    def stack(self, _: RuleName, zone: ZoneConfig) -> Watcher:
        """Return the watcher of the grades above an outlet."""
        return stack.StackWatcher(zone_of(zone), zone.grade_limit, leniency_of(zone, self._config))

    def colour(self, name: RuleName, zone: ZoneConfig) -> Watcher:
        """Return the watcher of the colours above an outlet."""
        terms = self._terms(name)
        return colour.ColourWatcher(zone_of(zone), terms.seen_s, terms.window_s, leniency_of(zone, self._config))

    def bypass(self, name: RuleName, zone: ZoneConfig) -> Watcher:
        """Return the watcher of smoke on a plant's ground, off its outlets."""
        return self._boxes(name, zone, OffOutlets(zone_of(zone), self._outlets))

    def grounded(self, name: RuleName, zone: ZoneConfig) -> Watcher:
        """Return the watcher of smoke whose base stays on the zone's ground."""
        return self._boxes(name, zone, fixed_in(zone_of(zone)))

    def fume(self, name: RuleName, zone: ZoneConfig) -> Watcher:
        """Return the watcher of what leaves a vent."""
        return self._boxes(name, zone, at(zone_of(zone)))

    def production(self, name: RuleName, zone: ZoneConfig) -> Watcher:
        """Return the watcher of an outlet that smokes although an alert stops production."""
        return self._boxes(
            name, zone, at(zone_of(zone)), alert.production_gate(self._config, self._register.get(zone.owner))
        )

    def _boxes(
        self,
        name: RuleName,
        zone: ZoneConfig,
        place: Callable[..., bool],
        gate: Callable[[datetime], bool] = lambda _: True,
    ) -> BoxWatcher:
        settings = self._config.violation(name.violation_code)
        return BoxWatcher(
            self._terms(name),
            place,
            schedule_of(settings.schedule, self._config.site.zone),
            leniency_of(zone, self._config),
            gate,
        )

    def _terms(self, name: RuleName) -> Terms:
        settings = self._config.violation(name.violation_code)
        durations = catalogue().by_code[name.violation_code].durations
        return Terms(
            class_name=name.class_name,
            threshold=settings.threshold,
            release=RELEASE,
            min_change=settings.min_change,
            seen_s=settings.seen_s or durations["seen_s"],
            window_s=max(settings.window_s or durations["window_s"], settings.seen_s),
        )


def zone_of(zone: ZoneConfig) -> Zone:
    """Return a configured zone for testing boxes."""
    return Zone(zone.name, zone.polygon, zone.violation_code, zone.kind)


def masks_of(camera: CameraConfig, config: WorkerConfig) -> Masks:
    """Return a camera's masks, each at its hours."""
    drawn = [zone for zone in camera.zones if zone.kind is ZoneKind.MASK]
    return Masks([(zone.polygon, schedule_of(zone.schedule, config.site.zone)) for zone in drawn])


_ON_READINGS = (stack.NAME, colour.NAME)
_Maker = Callable[[Families, RuleName, ZoneConfig], Watcher]
_MAKERS: Mapping[ZoneKind, tuple[tuple[RuleName, _Maker], ...]] = MappingProxyType(
    {
        ZoneKind.OUTLET: (
            (stack.NAME, Families.stack),
            (colour.NAME, Families.colour),
            (alert.NAME, Families.production),
        ),
        ZoneKind.PREMISES: ((bypass.NAME, Families.bypass),),
        ZoneKind.FIELD: ((burning.STRAW, Families.grounded),),
        ZoneKind.NO_BURN: ((burning.WASTE, Families.grounded),),
        ZoneKind.NO_BBQ: ((barbecue.NAME, Families.grounded),),
        ZoneKind.VENT: ((fume.NAME, Families.fume),),
    }
)
"""The families of each kind of zone."""
