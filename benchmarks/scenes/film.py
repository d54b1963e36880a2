"""Film: scenes as H.264 files beside their truth, and a folder that keeps them."""

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream
from numpy.typing import NDArray

from benchmarks.scenes.render import Stage
from benchmarks.scenes.scene import FrameTruth, Scene, Xyxy

GOP_S = 2.0
"""Seconds from key frame to key frame: what site cameras are usually set to."""

BIT_RATE = 3_000_000
"""Bits a second at 1280x720 and 10 frames a second; site cameras run at 2 to 4 Mbit/s."""

CAMERA_FPS = 25.0
"""What site cameras usually send; a clip of fewer pictures a second gets fewer bits (`rate_at`)."""

_TO_LUMA = np.array([[0.0722, 0.7152, 0.2126, 0.0]]) * 219 / 255 + [[0, 0, 0, 16]]
_TO_CHROMA = np.array([[1 - 0.0722, -0.7152, -0.2126, 0], [-0.0722, -0.7152, 1 - 0.2126, 0]]) * [
    [224 / 255 / 1.8556],
    [224 / 255 / 1.5748],
] + [[0, 0, 0, 128]]
"""BGR to limited-range luma, blue and red difference (ITU-R BT.709)."""

Progress = Callable[[str, int, int], None]
"""Called with a scene's name, frames done and frames in all."""


def truth_path(path: Path) -> Path:
    """Return where the truth of the clip at `path` stands."""
    return path.with_suffix(".truth.jsonl")


def rate_at(bit_rate: int, fps: float) -> int:
    """
    Return the bits a second that leave a clip of `fps` the quality of a camera of 25 pictures a second at `bit_rate`.

    The share falls with the root: with fewer pictures each changes more against the one before, and key frames, half
    of a quiet camera's bits, stay as many.
    """
    return round(bit_rate * math.sqrt(min(fps, CAMERA_FPS) / CAMERA_FPS))


def rate_of(scene: Scene) -> int:
    """Return the bits a second of a scene's clip where nobody asks for others."""
    return rate_at(BIT_RATE, scene.fps) if scene.family else BIT_RATE


def key_of(scene: Scene, bit_rate: int | None = None) -> str:
    """Return hex SHA-256 of what a clip depends on: the scene, the encoder's settings and this package's code."""
    return hashlib.sha256(repr((_code(), scene, bit_rate or rate_of(scene), GOP_S)).encode()).hexdigest()


@cache
def _code() -> str:
    """Return the hash of this package's code, read once: what is edited later is not what renders now."""
    digest = hashlib.sha256()
    for module in sorted(Path(__file__).parent.rglob("*.py")):
        if module.stem not in {"__main__", "catalogue"}:
            digest.update(module.read_bytes())
    return digest.hexdigest()


def write(scene: Scene, path: Path, *, bit_rate: int | None = None, progress: Progress | None = None) -> Path:
    """
    Render `scene` to `path` and its truth beside it; return the truth's path. `bit_rate` is `rate_of` without it.

    The clip is MP4 with H.264, 4:2:0, BT.709 matrix and primaries, limited range, sRGB transfer.

    The first line of the truth describes the scene and its events, each further line one frame. Both files appear only
    when they are complete; two processes may render the same scene at the same time.
    """
    write_rates(scene, {bit_rate or rate_of(scene): path}, progress=progress)
    return truth_path(path)


def write_rates(scene: Scene, paths: Mapping[int, Path], *, progress: Progress | None = None) -> None:
    """Render `scene` once and write it at several bit rates, each as `write` does."""
    parts = {}
    for bit_rate, path in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        parts[bit_rate] = tuple(path.with_name(f".{path.name}.{os.getpid()}.{part}.part") for part in ("clip", "truth"))
    try:
        truths = _encode(scene, {bit_rate: clip for bit_rate, (clip, _) in parts.items()}, progress)
        for bit_rate, (clip, text) in parts.items():
            lines = [_header(scene, bit_rate, truths), *(asdict(truth) for truth in truths)]
            text.write_text(
                "".join(json.dumps(_rounded(line), ensure_ascii=False) + "\n" for line in lines), encoding="utf-8"
            )
            path = paths[bit_rate]
            truth_path(path).unlink(missing_ok=True)
            clip.replace(path)
            text.replace(truth_path(path))
    finally:
        for both in parts.values():
            for part in both:
                part.unlink(missing_ok=True)


def ensure(
    folder: Path, scenes: Iterable[Scene], *, bit_rate: int | None = None, progress: Progress | None = None
) -> dict[str, Path]:
    """Return each scene's clip in `folder` by name; render only what is missing or was made by other code."""
    clips = {}
    for scene in scenes:
        path = folder / f"{scene.name}.mp4"
        if not _is_current(path, key_of(scene, bit_rate)):
            write(scene, path, bit_rate=bit_rate, progress=progress)
        clips[scene.name] = path
    return clips


def ensure_rates(
    folders: Mapping[int, Path], scenes: Iterable[Scene], *, progress: Progress | None = None
) -> dict[str, dict[int, Path]]:
    """Return each scene's clips by name and bit rate, in a folder a rate; a scene that lacks one is rendered once."""
    clips = {}
    for scene in scenes:
        paths = {bit_rate: folder / f"{scene.name}.mp4" for bit_rate, folder in folders.items()}
        missing = {rate: path for rate, path in paths.items() if not _is_current(path, key_of(scene, rate))}
        if missing:
            write_rates(scene, missing, progress=progress)
        clips[scene.name] = paths
    return clips


def _is_current(path: Path, key: str) -> bool:
    if not (path.is_file() and truth_path(path).is_file()):
        return False
    with truth_path(path).open(encoding="utf-8") as lines:
        try:
            header = json.loads(next(lines, "{}"))
        except json.JSONDecodeError:
            return False
    return isinstance(header, dict) and header.get("key") == key


def _encode(scene: Scene, paths: Mapping[int, Path], progress: Progress | None) -> list[FrameTruth]:
    """Render the scene and encode it into a file a bit rate; return the truth of its frames."""
    rate = Fraction(scene.fps).limit_denominator(1000)
    truths = []
    with ExitStack() as opened:
        films = []
        for bit_rate, path in paths.items():
            container = opened.enter_context(av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}))
            films.append((container, _stream(container, scene, rate, bit_rate)))
        for frame in Stage(scene).frames():
            planes = _planes(frame.image)
            for container, stream in films:
                container.mux(stream.encode(_picture(planes, frame.truth.index, rate)))
            truths.append(frame.truth)
            if progress:
                progress(scene.name, len(truths), scene.frames)
        for container, stream in films:
            container.mux(stream.encode(None))
    return truths


def _stream(container: OutputContainer, scene: Scene, rate: Fraction, bit_rate: int) -> VideoStream:
    gop = max(1, round(GOP_S * scene.fps))
    stream = container.add_stream("libx264", rate=rate)
    context = stream.codec_context
    stream.width, stream.height = scene.size_wh
    stream.pix_fmt = "yuv420p"
    stream.bit_rate = bit_rate
    context.gop_size = gop
    context.max_b_frames = 0
    context.colorspace, context.color_primaries = Colorspace.ITU709, ColorPrimaries.BT709
    context.color_range, context.color_trc = ColorRange.MPEG, ColorTrc.IEC61966_2_1
    stream.options = {
        "preset": "superfast",
        "profile": "high",
        "sc_threshold": "0",
        "keyint_min": str(gop),
        "threads": "2",
        "maxrate": str(2 * bit_rate),
        "bufsize": str(2 * bit_rate),
    }
    return stream


def _planes(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return BGR as planar 4:2:0 ``(h * 3 / 2, w)``, each colour difference the mean of its four pixels."""
    height, width = image.shape[:2]
    small = cv2.resize(image, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    planes = np.empty((height * 3 // 2, width), np.uint8)
    planes[:height] = cv2.transform(image, _TO_LUMA)
    planes[height:] = np.stack(cv2.split(cv2.transform(small, _TO_CHROMA))).reshape(height // 2, width)
    return planes


def _picture(planes: NDArray[np.uint8], index: int, rate: Fraction) -> av.VideoFrame:
    picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
    picture.colorspace, picture.color_range = Colorspace.ITU709, ColorRange.MPEG
    picture.pts, picture.time_base = index, 1 / rate
    return picture


def _header(scene: Scene, bit_rate: int, truths: list[FrameTruth]) -> dict[str, object]:
    events = []
    for number, event in enumerate(scene.events):
        seen = [truth for truth in truths if truth.sightings[number].visible]
        boxes = [truth.sightings[number].xyxy for truth in seen]
        visible_s = [seen[0].time_s, seen[-1].time_s] if seen else None
        events.append({**asdict(event), "xyxy": _union(boxes), "visible_s": visible_s})
    about = asdict(replace(scene, events=()))
    del about["events"]
    return {
        "key": key_of(scene, bit_rate),
        "scene": about,
        "frames": len(truths),
        "bit_rate": bit_rate,
        "events": events,
    }


def _union(boxes: list[Xyxy]) -> list[float] | None:
    if not boxes:
        return None
    columns = np.array(boxes)
    return [*columns[:, :2].min(0).tolist(), *columns[:, 2:].max(0).tolist()]


def _rounded(value: object) -> object:
    """Return `value` with floats to four digits: more is noise and makes the file twice as long."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
