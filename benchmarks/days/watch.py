"""
Watch: a camera's day before the worker's own analyser, on patrol with turns in focus, in the day's own time.

Which picture is looked at next is `streams.watch.Watch` in short: a key frame each `patrol_interval_s`, or, called to
focus, the analysis rate. Who is called is `vision.cluster.focus.FocusTurns` itself. What a worker decodes of the ring
when focus begins lies after its last picture, and so it is here: pictures are rendered when they are due.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.days.light import capture_time
from benchmarks.days.script import Script
from benchmarks.days.view import Picture, View
from benchmarks.scene_bench.zones import outlet_zone
from benchmarks.scenes.scene import LookAlike, Xyxy
from models.detections import Detections
from models.detector import Detector
from streams.camera import CameraId, camera_id
from streams.frame import Frame
from streams.timing.clock import CaptureTime
from streams.watch import WatchReason
from vision.analysis.analyser import CameraAnalyser
from vision.cluster.focus import FocusTurns
from vision.config.camera import CameraConfig
from vision.config.stream import StreamConfig
from vision.config.worker import WorkerConfig
from vision.config.zones import Outlet
from vision.leads.lead import CloseReason, Lead, LeadState
from vision.leads.recent_leads import as_json, from_json
from vision.replay.replay import seen
from vision.scene.health import PictureFault


class Restart(StrEnum):
    """Whether the worker is started anew when the hours that count begin, and whether it then knows place and leads."""

    NONE = "none"
    REMEMBERING = "remembering"
    FORGETFUL = "forgetful"


@dataclass(frozen=True, slots=True)
class Sight:
    """What was true of a picture that was looked at: when, what it could be mistaken for, whether in focus."""

    time_s: float
    active: frozenset[LookAlike]
    is_focus: bool


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """
    A lead as it was told, with the picture in which it was confirmed.

    Attributes:
        time_s: second of the day of its confirmation.

        first_s: of its first box.

        lead: at that moment.

        active: what in the picture may be mistaken.

        image: the picture.
    """

    time_s: float
    first_s: float
    lead: Lead
    active: frozenset[LookAlike]
    image: NDArray[np.uint8]


@dataclass(slots=True)
class Spent:
    """Processor seconds of this process for each part of the work, warm-up included."""

    render_s: float = 0.0
    detect_s: float = 0.0
    analyse_s: float = 0.0


@dataclass(slots=True, eq=False)
class Seen:
    """
    What came of a stretch of a day.

    Attributes:
        start_s, end_s: of what counts, in seconds of the day.

        told: new leads, in their order; those that joined an earlier one are in `merged`.

        early: new leads in the warm-up, which count nowhere.

        merged: leads that rules confirmed and that were held back as part of an earlier one, or as too many.

        boxes: around each planted event over all pictures that showed it.

        stills: a picture from the middle of each planted event.

        patrol, focus: pictures looked at either way.

        focus_s: time in focus.

        faults: faults of the picture that were told, with how long each lasted.

        active_s: how long each look-alike was there.
    """

    start_s: float
    end_s: float
    told: list[Told] = field(default_factory=list)
    early: list[Told] = field(default_factory=list)
    merged: list[Told] = field(default_factory=list)
    boxes: dict[int, Xyxy] = field(default_factory=dict)
    stills: dict[int, NDArray[np.uint8]] = field(default_factory=dict)
    patrol: int = 0
    focus: int = 0
    focus_s: float = 0.0
    faults: list[tuple[PictureFault, float, float]] = field(default_factory=list)
    active_s: dict[LookAlike, float] = field(default_factory=dict)
    spent: Spent = field(default_factory=Spent)


class DayWatch:
    """Says which picture of a camera is looked at next: what `FocusTurns` needs of a camera."""

    def __init__(self, stream: StreamConfig) -> None:
        settings = stream.settings(StreamConfig())
        self._patrol_s = settings.patrol_interval_s
        self._focus_s = 1 / settings.analysis_fps
        self._is_focused = False

    @property
    def is_focused(self) -> bool:
        """Whether it has a turn in focus."""
        return self._is_focused

    @property
    def takes_turns(self) -> bool:
        """Its key frames come as often as a patrol wants them."""
        return True

    def focus(self, reason: WatchReason, since: CaptureTime) -> None:
        """Look at the analysis rate; what `since` asks for of the past has been looked at."""
        del reason, since
        self._is_focused = True

    def relax(self, reason: WatchReason = WatchReason.USUAL) -> None:
        """Go back on patrol."""
        del reason
        self._is_focused = False

    def next_s(self, time_s: float) -> float:
        """Return when the picture after that of `time_s` is due: key frames stand on whole patrol intervals."""
        if self._is_focused:
            return round(time_s + self._focus_s, 6)
        return (math.floor(round(time_s / self._patrol_s, 6)) + 1) * self._patrol_s


def camera_of(view: View, config: WorkerConfig) -> CameraConfig:
    """Return the camera as an operator would have set it up: half of those before a stack drew its outlet."""
    script = view.script
    plain = config.with_sources([f"day-{script.number}.mp4"]).cameras[-1]
    if not script.eye.has_zones:
        return plain
    width, height = view.size_wh
    lip = Outlet(view.land.lip[0] * width, view.land.lip[1] * height, view.land.lip_width * width)
    return plain.model_copy(update={"zones": (outlet_zone(lip, view.size_wh, "stack"),)})


Step = Callable[[float, "Seen"], None]
"""Called after each picture with the second of the day and what was seen so far."""


def watched(
    script: Script,
    detector: Detector,
    start_s: float,
    end_s: float,
    *,
    warm_up_s: float = 300.0,
    step: Step | None = None,
    view: View | None = None,
    restart: Restart = Restart.NONE,
) -> Seen:
    """
    Return what the worker makes of a camera's day from `start_s` to `end_s`.

    It begins to look `warm_up_s` earlier, before midnight too; what it tells then does not count.
    """
    watcher = _Watcher(view or View(script), detector)
    return watcher.watch(start_s, end_s, start_s - warm_up_s, step, restart)


class _Watcher:
    """One camera before its analyser."""

    def __init__(self, view: View, detector: Detector) -> None:
        self._view, self._detector = view, detector
        self._config = WorkerConfig()
        self._camera = camera_of(view, self._config)
        self._id: CameraId = camera_id(self._camera.id)
        self._now_s = 0.0
        self._begin()

    def _begin(self) -> None:
        self._analyser = CameraAnalyser.for_camera(self._camera, self._config, self._detector.card)
        self._watch = DayWatch(self._config.stream)
        self._turns = FocusTurns(1, monotonic=lambda: self._now_s)

    def _restart(self, restart: Restart) -> None:
        """Begin anew, and hand over what the worker keeps on disk."""
        before = self._analyser
        before.end(CloseReason.SHUTDOWN)
        self._begin()
        if restart is Restart.REMEMBERING:
            self._analyser.recall(from_json(as_json(before.told)))

    def watch(self, start_s: float, end_s: float, begin_s: float, step: Step | None, restart: Restart) -> Seen:
        found = Seen(start_s, end_s)
        time_s, fault = begin_s, None
        while time_s < end_s:
            self._now_s = time_s
            if restart is not Restart.NONE and time_s >= start_s:
                self._restart(restart)
                restart = Restart.NONE
            counts, was_focus = time_s >= start_s, self._watch.is_focused
            picture, told = self._look(time_s, found.spent)
            next_s = self._watch.next_s(time_s)
            if counts:
                lasts_s = min(next_s, end_s) - time_s
                self._count(found, picture, time_s, lasts_s, is_focus=was_focus)
                for each, is_new in told:
                    (found.told if is_new else found.merged).append(each)
                fault = self._note_fault(found, fault, time_s, lasts_s)
            else:
                found.early += [each for each, is_new in told if is_new]
            if step is not None:
                step(time_s, found)
            time_s = next_s
        self._analyser.end(CloseReason.SHUTDOWN)
        return found

    def _look(self, time_s: float, spent: Spent) -> tuple[Picture, list[tuple[Told, bool]]]:
        """Render, detect and analyse one picture as the worker does; return it and the leads that rules confirmed."""
        clocks = [time.process_time()]
        picture = self._view.picture(time_s)
        clocks.append(time.process_time())
        frame = Frame(self._id, capture_time(self._view.script, time_s), picture.image, is_keyframe=True)
        detecting = _Timed(self._detector)
        boxes = seen(frame, detecting)
        changes = self._analyser.observe(frame, boxes)
        self._turns.note(self._id, self._watch, self._analyser.sign, frame.time)
        clocks.append(time.process_time())
        spent.render_s += clocks[1] - clocks[0]
        spent.detect_s += detecting.took_s
        spent.analyse_s += clocks[2] - clocks[1] - detecting.took_s
        told = []
        for change in changes:
            lead = change.lead
            is_new = lead.state is LeadState.CONFIRMED and change.previous is LeadState.CANDIDATE
            is_held_back = lead.reason in {CloseReason.MERGED, CloseReason.NOISY}
            if is_new or is_held_back:
                first_s = time_s - frame.time.seconds_since(lead.first)
                told.append((Told(time_s, first_s, lead, picture.active, picture.image), is_new))
        return picture, told

    def _count(self, found: Seen, picture: Picture, time_s: float, lasts_s: float, *, is_focus: bool) -> None:
        if is_focus:
            found.focus += 1
            found.focus_s += lasts_s
        else:
            found.patrol += 1
        for number, box in picture.boxes.items():
            found.boxes[number] = _around(found.boxes.get(number), box)
            event = self._view.script.planted[number]
            if number not in found.stills and time_s >= (event.start_s + event.end_s) / 2:
                found.stills[number] = picture.image
        for look_alike in picture.active or {LookAlike.NOTHING}:
            found.active_s[look_alike] = found.active_s.get(look_alike, 0.0) + lasts_s

    def _note_fault(
        self, found: Seen, before: PictureFault | None, time_s: float, lasts_s: float
    ) -> PictureFault | None:
        """Keep what the worker says is wrong with the picture: nothing ever is."""
        fault = self._analyser.picture_fault
        if fault is not None:
            if fault is not before:
                found.faults.append((fault, time_s, 0.0))
            kind, since_s, lasted_s = found.faults[-1]
            found.faults[-1] = (kind, since_s, lasted_s + lasts_s)
        return fault


class _Timed:
    """A detector that tells how long it took."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self.card, self.runtime = detector.card, detector.runtime
        self.took_s = 0.0

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Return what the detector finds."""
        began = time.process_time()
        found = self._detector.detect(images)
        self.took_s += time.process_time() - began
        return found


def drawn(image: NDArray[np.uint8], xyxy: Xyxy | None, *, is_miss: bool) -> NDArray[np.uint8]:
    """Return a picture with a box drawn in: red round a false lead, green round a missed event."""
    shown = image.copy()
    if xyxy is not None:
        left, top, right, bottom = (round(edge) for edge in xyxy)
        cv2.rectangle(shown, (left, top), (right, bottom), (60, 200, 60) if is_miss else (40, 40, 230), 1)
    return shown


def _around(box: Xyxy | None, other: Xyxy) -> Xyxy:
    if box is None:
        return other
    return min(box[0], other[0]), min(box[1], other[1]), max(box[2], other[2]), max(box[3], other[3])
