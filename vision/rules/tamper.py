"""V17, a monitoring camera blocked or turned away: its picture changes suddenly and stays changed (domain.md 7.2)."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from api.contract.reasons import DispositionReason
from streams.camera import CameraId
from streams.timing.clock import CaptureTime
from vision.config.camera import ZoneConfig
from vision.config.zones import ZoneKind
from vision.leads.lead import CloseReason, Finding, Lead, LeadChange, LeadKey, WorkerLeadState
from vision.rules.leniency import USUAL, LeniencyAt
from vision.scene.health import PictureFault, PictureHealth

ID = "camera.tamper"
VERSION = "1.0.0"
CODE = "V17_DEVICE_TAMPER"

PLANT = frozenset({ZoneKind.OUTLET, ZoneKind.VENT, ZoneKind.PREMISES})
"""Kinds of zone of which one must be drawn: only a watched plant has a reason to blind a camera."""

BY_HAND = frozenset({PictureFault.COVERED, PictureFault.BLURRED, PictureFault.MOVED})
"""Faults made by hand; night makes black pictures, the sun glare, a broken encoder frozen ones."""


class TamperRule:
    """
    At most one lead while a fault lasts; it needs no boxes and works on a blinded camera, where no other rule does.

    `turns` says that the camera turns by itself (it has presets), so that another view is no tampering.
    """

    def __init__(
        self,
        camera: CameraId,
        zones: Sequence[ZoneConfig],
        seen_s: float,
        leniency: Callable[[ZoneConfig], LeniencyAt] = lambda _: lambda _: USUAL,
        *,
        turns: bool = False,
    ) -> None:
        self._camera = camera
        self._by_hand = BY_HAND - {PictureFault.MOVED} if turns else BY_HAND
        self._zone = next((zone for zone in zones if zone.kind in PLANT and zone.owner), None)
        self._zone = self._zone or next((zone for zone in zones if zone.kind in PLANT), None)
        self._leniency = (lambda _: USUAL) if self._zone is None else leniency(self._zone)
        self._seen_s = seen_s
        self._opened = 0
        self._lead: Lead | None = None

    @property
    def open_leads(self) -> Sequence[Lead]:
        """The open lead in its newest state."""
        return () if self._lead is None else (self._lead,)

    def observe(self, health: PictureHealth, time: CaptureTime, resolution_wh: tuple[int, int]) -> list[LeadChange]:
        """Return the moves of the lead by the next picture, already judged by `health`."""
        if self._zone is None:
            return []
        fault, onset = health.fault, health.onset
        if self._lead is not None:
            if fault is None:
                return self.end(CloseReason.GONE)
            self._lead = replace(self._lead, last=time, observations=self._lead.observations + 1)
            return []
        if fault not in self._by_hand or onset is None or not health.was_sudden:
            return []
        if time.epoch != onset.epoch or time.seconds_since(onset) < self._seen_s * self._leniency(time.utc).persistence:
            return []
        return self._open(fault, onset, time, resolution_wh, self._zone.name)

    def end(self, reason: CloseReason) -> list[LeadChange]:
        """Close the open lead."""
        lead, self._lead = self._lead, None
        if lead is None:
            return []
        return [LeadChange(replace(lead, state=WorkerLeadState.CLOSED, reason=reason), lead.state)]

    def _open(
        self, fault: PictureFault, onset: CaptureTime, time: CaptureTime, resolution_wh: tuple[int, int], zone: str
    ) -> list[LeadChange]:
        self._opened += 1
        width, height = resolution_wh
        candidate = Lead(
            key=LeadKey(f"{self._camera}/{time.epoch}/{ID}/{self._opened}"),
            camera_id=self._camera,
            rule_id=ID,
            rule_version=VERSION,
            rule_params={"seen_s": self._seen_s, "zones": zone},
            violation_code=CODE,
            state=WorkerLeadState.CANDIDATE,
            track=0,
            first=onset,
            confirmed=None,
            last=time,
            peak=Finding(fault.value, (0.0, 0.0, float(width), float(height)), 0.0, time, zone),
            observations=1,
            grounds=(DispositionReason.TAMPERING,),
        )
        self._lead = replace(candidate, state=WorkerLeadState.CONFIRMED, confirmed=time)
        return [LeadChange(candidate, None), LeadChange(self._lead, WorkerLeadState.CANDIDATE)]
