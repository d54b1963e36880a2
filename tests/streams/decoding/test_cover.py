"""Covered copies: what is covered is gone for as long as it is, everything else is there at its time."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from streams.decoding.cover import Cover, Limits, clip_size, write_covered
from streams.errors import ClipError

WIDTH, HEIGHT, RATE = 160, 90, 10
LIMITS = Limits(60.0, 2_000_000)
BOX = (40, 20, 80, 60)


def film(
    path: Path, ticks: Sequence[int] = range(20), size_wh: tuple[int, int] = (WIDTH, HEIGHT), fmt: str = "yuv420p"
) -> Path:
    """Write a film of bright noise, one picture a tick of 0.1 s, in JPEG for colour formats of those."""
    codec = "mjpeg" if fmt.startswith("yuvj") else "libx264"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=RATE, options={"preset": "ultrafast", "qp": "10"})
        stream.width, stream.height, stream.pix_fmt = *size_wh, fmt
        noise = np.random.default_rng(7).integers(160, 256, (size_wh[1] // 8 + 1, size_wh[0] // 8 + 1, 3), np.uint8)
        picture = np.kron(noise, np.ones((8, 8, 1), np.uint8))[: size_wh[1], : size_wh[0]]
        for tick in ticks:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = tick, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def shown(path: Path) -> list[tuple[float, NDArray[np.uint8]]]:
    """Return each picture's time and brightness."""
    with av.open(str(path)) as container:
        return [(float(frame.time), frame.to_ndarray(format="gray")) for frame in container.decode(video=0)]


def is_covered(picture: NDArray[np.uint8], box: tuple[int, int, int, int] = BOX) -> bool:
    """Whether a box is one dark colour."""
    left, top, right, bottom = box
    part = picture[top:bottom, left:right]
    return bool(part.max() < 80 and part.max() - part.min() <= 6)


def test_what_is_covered_is_flat_while_it_is_and_the_rest_stays(tmp_path: Path) -> None:
    """Pictures keep their times; before and after the box, and outside it, they are the original's."""
    source, target = film(tmp_path / "clip.mp4"), tmp_path / "copy.mp4"
    made = write_covered(source, target, [Cover(BOX, 0.5, 1.2)], LIMITS)
    assert (made.pictures, made.undecodable, made.size_wh) == (20, 0, (WIDTH, HEIGHT))
    assert made.duration_s == pytest.approx(2.0)
    before, after = shown(source), shown(target)
    assert [time for time, _ in after] == [time for time, _ in before]
    assert [round(time, 1) for time, picture in after if is_covered(picture)] == [0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1]
    for (_, original), (_, copy) in zip(before, after, strict=True):
        assert np.abs(original[:, 104:].astype(int) - copy[:, 104:]).mean() < 4


def test_a_picture_that_is_still_shown_when_a_region_begins_is_covered(tmp_path: Path) -> None:
    """After 0.3 s the next picture comes at 1.0 s: a region from 0.8 s covers the one that is seen then."""
    source, target = film(tmp_path / "clip.mp4", [0, 1, 2, 3, 10, 11]), tmp_path / "copy.mp4"
    write_covered(source, target, [Cover(BOX, 0.8, 1.05)], LIMITS)
    assert [round(time, 1) for time, picture in shown(target) if is_covered(picture)] == [0.3, 1.0]


def test_a_moving_region_covers_both_ends_of_each_step(tmp_path: Path) -> None:
    """From left to right in one second: half way through, the middle is covered and both ends are not."""
    target = tmp_path / "copy.mp4"
    write_covered(film(tmp_path / "clip.mp4"), target, [Cover((0, 0, 20, 20), 0.0, 1.0, (120, 0, 140, 20))], LIMITS)
    pictures = {round(time, 1): picture for time, picture in shown(target)}
    assert is_covered(pictures[0.0], (0, 0, 20, 20))
    assert is_covered(pictures[0.5], (60, 0, 92, 20))
    assert not is_covered(pictures[0.5], (0, 0, 20, 20))
    assert not is_covered(pictures[0.5], (120, 0, 140, 20))
    assert not is_covered(pictures[1.1], (120, 0, 140, 20))


def test_masks_are_covered_throughout(tmp_path: Path) -> None:
    """What is always covered is so from the first picture to the last; of another size it is refused."""
    source, target = film(tmp_path / "clip.mp4"), tmp_path / "copy.mp4"
    always = np.zeros((HEIGHT, WIDTH), np.bool_)
    always[BOX[1] : BOX[3], BOX[0] : BOX[2]] = True
    write_covered(source, target, [], LIMITS, always=always)
    assert all(is_covered(picture) for _, picture in shown(target))
    with pytest.raises(ClipError, match="masks are drawn for"):
        write_covered(source, target, [], LIMITS, always=always[1:])


def test_the_same_covers_of_the_same_clip_give_the_same_bytes(tmp_path: Path) -> None:
    """Twice the same copy is one copy, by its hash."""
    source = film(tmp_path / "clip.mp4")
    for name in ("a.mp4", "b.mp4"):
        write_covered(source, tmp_path / name, [Cover(BOX, 0.0, 9.0)], LIMITS)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize(
    ("suffix", "fmt", "size_wh"),
    [("avi", "yuvj420p", (160, 90)), ("avi", "yuvj444p", (161, 91)), ("ts", "yuv420p", (160, 90))],
)
def test_other_codecs_and_odd_sizes_come_out_as_even_h264(
    tmp_path: Path, suffix: str, fmt: str, size_wh: tuple[int, int]
) -> None:
    """An odd last column or row is left out; full-range colours keep their brightness; times begin at 0."""
    source, target = film(tmp_path / f"clip.{suffix}", size_wh=size_wh, fmt=fmt), tmp_path / "copy.mp4"
    assert clip_size(source) == size_wh
    assert write_covered(source, target, [Cover(BOX, 0.0, 9.0)], LIMITS).size_wh == (160, 90)
    (first, picture), *_ = shown(target)
    assert first == 0.0
    assert is_covered(picture)
    assert abs(int(picture[:88, 104:152].mean()) - int(shown(source)[0][1][:88, 104:152].mean())) < 6


def test_sound_and_names_stay_behind(tmp_path: Path) -> None:
    """Voices and the container's metadata are no part of the copy."""
    source, target = tmp_path / "clip.mp4", tmp_path / "copy.mp4"
    silent = film(tmp_path / "silent.mp4")
    with av.open(str(silent)) as pictures, av.open(str(source), "w") as container:
        container.metadata["title"] = "三号门"
        track = container.add_stream_from_template(pictures.streams.video[0])
        sound: Any = container.add_stream("aac", rate=8000, layout="mono")
        for packet in pictures.demux(video=0):
            if packet.dts is not None:
                packet.stream = track
                container.mux(packet)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        frame.rate = 8000
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    write_covered(source, target, [Cover(BOX, 0.0, 9.0)], LIMITS)
    with av.open(str(target)) as copy:
        assert [stream.type for stream in copy.streams] == ["video"]
        assert "三号门" not in copy.metadata.values()


@pytest.mark.parametrize(
    ("cover", "limits", "sentence"),
    [
        (Cover((500, 500, 600, 600), 0.0, 1.0), LIMITS, "covers nothing of 160x90"),
        (Cover(BOX, 0.0, 1.0), Limits(1.0, 2_000_000), "more than the 1 s"),
        (Cover(BOX, 0.0, 1.0), Limits(60.0, 500), "more than the 500 allowed"),
    ],
)
def test_what_is_out_of_bounds_is_refused(tmp_path: Path, cover: Cover, limits: Limits, sentence: str) -> None:
    """A box beside the picture, a clip that is too long, a copy that comes out too large: one sentence each."""
    with pytest.raises(ClipError, match=sentence):
        write_covered(film(tmp_path / "clip.mp4"), tmp_path / "copy.mp4", [cover], limits)


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    """A text file gives one sentence without its path."""
    source = tmp_path / "clip.mp4"
    source.write_text("nothing to see")
    with pytest.raises(ClipError) as refused:
        write_covered(source, tmp_path / "copy.mp4", [Cover(BOX, 0.0, 1.0)], LIMITS)
    assert str(tmp_path) not in str(refused.value)


@given(st.floats(0, 10), st.floats(0.01, 5), st.floats(0, 10), st.floats(0.01, 2))
def test_a_region_counts_whenever_its_time_and_the_pictures_overlap(
    start_s: float, length_s: float, shown_s: float, step_s: float
) -> None:
    """Whatever the times: covered exactly where the two spans have something in common, and inside its path."""
    cover = Cover((0, 0, 10, 10), start_s, start_s + length_s, (100, 50, 110, 60))
    boxes = list(cover.boxes(shown_s, shown_s + step_s))
    assert bool(boxes) == (shown_s < start_s + length_s and shown_s + step_s > start_s)
    assert all(0 <= left <= 100 and 0 <= top <= 50 for left, top, _, _ in boxes)
