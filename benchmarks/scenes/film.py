"""Film: scenes as H.264 files beside their truth, and a folder that keeps them."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation

from benchmarks.scenes.render import Stage
from benchmarks.scenes.scene import FrameTruth, Scene, Xyxy

GOP_S = 2.0
"""Seconds from key frame to key frame: what site cameras are usually set to."""

BIT_RATE = 3_000_000
"""Bits a second at 1280x720 and 10 frames a second; site cameras run at 2 to 4 Mbit/s."""

EXACT_COLOUR = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP
"""swscale's default rounds down: a grey of 128 came back as 124 to 126 (measured on FFmpeg 8 by the tests)."""

Progress = Callable[[str, int, int], None]
"""Called with a scene's name, frames done and frames in all."""


def truth_path(path: Path) -> Path:
    """Return where the truth of the clip at `path` stands."""
    return path.with_suffix(".truth.jsonl")


def key_of(scene: Scene, bit_rate: int = BIT_RATE) -> str:
    """Return hex SHA-256 of what a clip depends on: the scene, the encoder's settings and this package's code."""
    return hashlib.sha256(repr((_code(), scene, bit_rate, GOP_S)).encode()).hexdigest()


@cache
def _code() -> str:
    """Return the hash of this package's code, read once: what is edited later is not what renders now."""
    digest = hashlib.sha256()
    for module in sorted(Path(__file__).parent.glob("*.py")):
        if module.stem not in {"__main__", "check", "catalogue"}:
            digest.update(module.read_bytes())
    return digest.hexdigest()


def write(scene: Scene, path: Path, *, bit_rate: int = BIT_RATE, progress: Progress | None = None) -> Path:
    """
    Render `scene` to `path` and its truth beside it; return the truth's path.

    The clip is MP4 with H.264, 4:2:0, BT.709 matrix and primaries, limited range, sRGB transfer.

    The first line of the truth describes the scene and its events, each further line one frame. Both files appear only
    when they are complete; two processes may render the same scene at the same time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    truths: list[FrameTruth] = []
    clip, text = (path.with_name(f".{path.name}.{os.getpid()}.{part}.part") for part in ("clip", "truth"))
    try:
        _encode(scene, clip, bit_rate, truths, progress)
        lines = [_header(scene, bit_rate, truths), *(asdict(truth) for truth in truths)]
        text.write_text(
            "".join(json.dumps(_rounded(line), ensure_ascii=False) + "\n" for line in lines), encoding="utf-8"
        )
        truth_path(path).unlink(missing_ok=True)
        clip.replace(path)
        text.replace(truth_path(path))
    finally:
        clip.unlink(missing_ok=True)
        text.unlink(missing_ok=True)
    return truth_path(path)


def ensure(
    folder: Path, scenes: Iterable[Scene], *, bit_rate: int = BIT_RATE, progress: Progress | None = None
) -> dict[str, Path]:
    """Return each scene's clip in `folder` by name; render only what is missing or was made by other code."""
    clips = {}
    for scene in scenes:
        path = folder / f"{scene.name}.mp4"
        if not _is_current(path, key_of(scene, bit_rate)):
            write(scene, path, bit_rate=bit_rate, progress=progress)
        clips[scene.name] = path
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


def _encode(scene: Scene, path: Path, bit_rate: int, truths: list[FrameTruth], progress: Progress | None) -> None:
    rate = Fraction(scene.fps).limit_denominator(1000)
    gop = max(1, round(GOP_S * scene.fps))
    stage = Stage(scene)
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
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
        for frame in stage.frames():
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame.image), format="bgr24").reformat(
                format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG", interpolation=EXACT_COLOUR
            )
            picture.pts, picture.time_base = frame.truth.index, 1 / rate
            container.mux(stream.encode(picture))
            truths.append(frame.truth)
            if progress:
                progress(scene.name, len(truths), scene.frames)
        container.mux(stream.encode(None))


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
