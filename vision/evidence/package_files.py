"""
Package files: the evidence files of one lead, written into a folder: clip, stills, overlay, detections, readings.

Every file's origin is told; what could not be had is told as a gap, never filled in.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from threading import Lock
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog

from api.contract.evidence.manifest import STREAM, FileRole, Gap
from api.contract.evidence.package import CLIP, DETECTIONS, OVERLAY, READINGS, FileOrigin
from api.contract.fields import one_line
from api.contract.trust.stamp import canonical_json
from api.contract.wire.moment import rfc3339
from models.detections import Detections
from streams.errors import StreamError
from streams.timing.clock import CaptureTime
from vision.durable import storing
from vision.evidence.clips import Clip, Span, Still
from vision.evidence.effective_config import CONFIG
from vision.evidence.lead_document import Witness
from vision.evidence.overlay import draw_overlay, encode_jpeg, encode_png
from vision.leads.lead import Lead
from vision.plume.reading_sheet import reading_sheet
from vision.plume.readings import METHOD, MOST, Reading
from vision.plume.ringelmann import WINDOW_S

log = structlog.get_logger(__name__)

_OUTLETS = 16
"""Outlets whose half hour of readings is kept at least."""

_PICTURES_BYTES = 512 << 20
"""
Of a package's stills: more than twenty of 4K, so that they and a clip (`vision.evidence.clips.MOST_BYTES`) always fit.
"""

CONFIGURED = "configuration by which the stream was judged, addresses left out"
"""Operation of ``config.json``."""

NO_STILLS = "no picture of the clip could be decoded and stored"
"""Reason of the gap of a package whose clip has no still beside it."""


class ClipMaker(Protocol):
    """Cuts a clip out of what a camera sent: `vision.evidence.clips.RingClips`."""

    def write(self, span: Span, still_times: Sequence[CaptureTime], path: Path) -> Clip:
        """Write the clip; raise `StreamError` where there is nothing to write."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class AnalysedFrame:
    """One analysed picture and what the detector found in it."""

    time: CaptureTime
    detections: Detections


class DetectionLog:
    """
    The detections of one camera's last `span_s` seconds and what was read above its outlets in the last half hour, for
    evidence. Thread-safe; bounded by time and count.
    """

    def __init__(self, span_s: float, most: int = 10_000) -> None:
        self._span_s = span_s
        self._frames: deque[AnalysedFrame] = deque(maxlen=most)
        self._readings: deque[Reading] = deque(maxlen=_OUTLETS * MOST)
        self._lock = Lock()

    def append(self, time: CaptureTime, detections: Detections, readings: Sequence[Reading] = ()) -> None:
        """Add the newest analysed picture and the readings that it completed; an empty result is a result."""
        with self._lock:
            self._readings.extend(readings)
            self._frames.append(AnalysedFrame(time, detections))
            while self._is_old(self._frames[0].time, time):
                self._frames.popleft()

    def _is_old(self, time: CaptureTime, newest: CaptureTime) -> bool:
        if time.epoch != newest.epoch:
            return (newest.utc - time.utc).total_seconds() > self._span_s
        return newest.seconds_since(time) > self._span_s

    def between(self, epoch: int, start_s: Fraction, end_s: Fraction) -> list[AnalysedFrame]:
        """Return what was analysed from `start_s` to `end_s` of `epoch`."""
        with self._lock:
            return [f for f in self._frames if f.time.epoch == epoch and start_s <= f.time.pts_s <= end_s]

    def readings(self, epoch: int, end_s: Fraction, zone: str = "") -> list[Reading]:
        """
        Return what was read in the half hour to `end_s` of `epoch`, in the order of time.

        Above the outlet `zone`, where there is one of that name; else above all of the camera's.
        """
        with self._lock:
            read = [r for r in self._readings if r.time.epoch == epoch and r.start.pts_s <= end_s]
        read = [reading for reading in read if float(end_s - reading.start.pts_s) <= WINDOW_S]
        return [reading for reading in read if reading.zone == zone] or read


@dataclass(frozen=True, slots=True, eq=False)
class Exhibits:
    """The evidence files in a folder: where each comes from, what the clip holds (if there is one), what is missing."""

    origins: Mapping[str, FileOrigin]
    clip: Clip | None
    gaps: tuple[Gap, ...]


def write_exhibits(
    folder: Path,
    lead_id: str,
    lead: Lead,
    span: Span,
    maker: ClipMaker,
    detections: DetectionLog,
    witness: Witness,
    *,
    stills: int,
    zone: ZoneInfo,
) -> Exhibits:
    """
    Write the evidence of `lead` into the empty `folder`: at most `stills` pictures, labelled in the time of `zone`.

    Without a clip (the ring is empty or cannot be written) the detections alone are kept, without pictures the clip;
    the gap is stated. Raises `StorageError` where the disk does not take it.
    """
    origins: dict[str, FileOrigin] = {}
    clip: Clip | None = None
    start_s, end_s = span.start_s, span.end_s
    with storing(str(folder)):
        try:
            clip = _cut(maker, span, _still_times(lead, stills), folder / CLIP)
        except StreamError as error:
            log.exception("clip could not be made", lead=lead_id, camera=lead.camera_id)
            gaps: tuple[Gap, ...] = (
                Gap(reason=one_line(f"no clip: {error}"), start_s=float(start_s), end_s=float(end_s)),
            )
            (folder / CLIP).unlink(missing_ok=True)
        else:
            origins[CLIP] = FileOrigin(FileRole.ORIGINAL, STREAM, "remuxed into MP4 without re-encoding")
            written, pictures = _write_stills(folder, lead_id, lead, clip, zone)
            origins |= pictures
            clip = replace(clip, stills=written)
            gaps = clip.gaps if written else (*clip.gaps, Gap(reason=NO_STILLS))
            start_s, end_s = clip.first.pts_s, clip.last.pts_s
        frames = detections.between(span.epoch, start_s, end_s)
        card = witness.card
        lines = _detection_lines(frames, None if clip is None else clip.first, card.class_names)
        (folder / DETECTIONS).write_bytes(b"".join(lines))
        origins[DETECTIONS] = FileOrigin(
            FileRole.DERIVED, STREAM if clip is None else CLIP, f"detected by {card.name} {card.version}"
        )
        readings = detections.readings(span.epoch, end_s, lead.peak.zone)
        if readings:
            (folder / READINGS).write_bytes(reading_sheet(readings))
            origins[READINGS] = FileOrigin(FileRole.DERIVED, STREAM, METHOD)
        if witness.configuration is not None:
            (folder / CONFIG).write_bytes(witness.configuration)
            origins[CONFIG] = FileOrigin(FileRole.DERIVED, STREAM, CONFIGURED)
    return Exhibits(origins, clip, gaps)


def _cut(maker: ClipMaker, span: Span, times: Sequence[CaptureTime], path: Path) -> Clip:
    """Write the clip; where its pictures cannot be decoded, without them: an odd picture may not cost the lead."""
    try:
        return maker.write(span, times, path)
    except (StreamError, OSError):
        raise
    except Exception:
        log.exception("stills could not be decoded", path=str(path))
    path.unlink(missing_ok=True)
    return maker.write(span, (), path)


def _still_times(lead: Lead, most: int) -> list[CaptureTime]:
    """
    Return when to take at most `most` pictures: the lead's moments, then more, spread evenly over the event.

    The peak comes first: the overlay is drawn on it.
    """
    moments = (lead.peak.time, lead.first, lead.confirmed, lead.last)
    more = most - len(moments)
    whole_s = lead.last.pts_s - lead.first.pts_s
    between = (whole_s * part / (more + 1) for part in range(1, more + 1))
    spread = (
        replace(lead.first, pts_s=lead.first.pts_s + after_s, utc=lead.first.utc + timedelta(seconds=float(after_s)))
        for after_s in between
    )
    return [*(time for time in moments if time is not None), *spread][:most]


def _moment(lead: Lead, still: Still) -> str:
    """Say which of the lead's moments a still shows; the nearest where it shows none exactly."""
    moments = {"first seen": lead.first, "confirmed": lead.confirmed, "peak": lead.peak.time, "last seen": lead.last}
    names = [name for name, time in moments.items() if time is not None and time.pts_s == still.time.pts_s]
    if not names and lead.first.pts_s < still.time.pts_s < lead.last.pts_s:
        return "between first and last seen"
    return ", ".join(names) or "nearest picture held"


def _write_stills(
    folder: Path, lead_id: str, lead: Lead, clip: Clip, zone: ZoneInfo
) -> tuple[tuple[Still, ...], dict[str, FileOrigin]]:
    """Write the pictures of `clip` that can be written, and the overlay; return them and where each file comes from."""
    origins = {}
    written = []
    size = 0
    for number, still in enumerate(clip.stills, 1):
        name = f"f{number:04d}.png"
        try:
            data = encode_png(still.image)
        except Exception:
            log.exception("still could not be encoded", lead=lead_id, number=number)
            continue
        size += len(data)
        if size > _PICTURES_BYTES:
            log.warning("still left out: the package would be too large", lead=lead_id, number=number)
            break
        (folder / name).write_bytes(data)
        written.append(still)
        at_s = still.time.seconds_since(clip.first)
        origins[name] = FileOrigin(FileRole.DERIVED, CLIP, f"decoded at {at_s:.3f} s: {_moment(lead, still)}")
        if still.time.pts_s == lead.peak.time.pts_s and (overlay := _overlay(lead_id, lead, still, zone)):
            (folder / OVERLAY).write_bytes(overlay)
            origins[OVERLAY] = FileOrigin(FileRole.DERIVED, name, "box, time and values drawn; JPEG")
    return tuple(written), origins


def _overlay(lead_id: str, lead: Lead, still: Still, zone: ZoneInfo) -> bytes:
    """Return the overlay as JPEG; nothing where it cannot be drawn: a drawing may not cost the evidence."""
    heading = [f"{lead_id}  {lead.camera_id}  {lead.violation_code}  {lead.rule_id} {lead.rule_version}"]
    try:
        return encode_jpeg(draw_overlay(still.image, lead.peak, heading, zone))
    except Exception:
        log.exception("overlay could not be drawn", lead=lead_id, xyxy=lead.peak.xyxy)
        return b""


def _detection_lines(
    frames: Sequence[AnalysedFrame], zero: CaptureTime | None, class_names: Sequence[str]
) -> Iterator[bytes]:
    """
    Yield one line of canonical JSON a frame; ``clip_s`` is the picture's place in the clip.

    The clip begins at a key frame, so its second 0 is not the span's: players need ``clip_s`` to draw boxes in time.
    """
    for frame in frames:
        found = frame.detections
        boxes = [
            {
                "class": class_names[int(found.class_id[row])],
                "confidence": round(float(found.confidence[row]), 4),
                "xyxy": [round(float(value), 1) for value in found.xyxy[row]],
            }
            for row in range(len(found))
        ]
        line = {
            "epoch": frame.time.epoch,
            "pts_s": round(float(frame.time.pts_s), 6),
            "clip_s": None if zero is None else round(frame.time.seconds_since(zero), 6),
            "utc": rfc3339(frame.time.utc),
            "boxes": boxes,
        }
        yield canonical_json(line) + b"\n"
