"""Scenes as files, and the folder that keeps them."""

import json
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import Interpolation

from benchmarks.scenes import Colour, Kind, Place, Scene, SceneEvent, Stage, Weather, ensure, truth_path, write
from benchmarks.scenes.film import ensure_rates, key_of, rate_at

SCENE = Scene(
    "short", 5, Place.WORKS, Weather.CLEAR, (SceneEvent(Kind.SMOKE, 1.0, 9.0, 0.8, Colour.BLACK),),
    size_wh=(320, 180), fps=5, seconds=6,
)  # fmt: skip


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The short scene as a file."""
    path = tmp_path_factory.mktemp("scenes") / "short.mp4"
    write(SCENE, path)
    return path


def test_file_has_length_size_and_key_frames(clip: Path) -> None:
    """The clip is H.264 in the scene's size, rate and length, with a key frame every 2 s and no reordered frames."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        assert (
            stream.codec_context.name, stream.width, stream.height, stream.codec_context.pix_fmt,
        ) == ("h264", 320, 180, "yuv420p")  # fmt: skip
        assert stream.average_rate == 5
        assert len(packets) == 30
        assert [float(packet.pts * packet.time_base) for packet in packets if packet.is_keyframe] == [0.0, 2.0, 4.0]
        assert all(packet.pts == packet.dts for packet in packets)


def test_decoded_picture_is_the_rendered_one(clip: Path) -> None:
    """Colours survive encoding and exact decoding: no channel shifts by more than half a level on average."""
    with av.open(str(clip)) as container:
        frames = list(container.decode(video=0))
    exact = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
    decoded = frames[25].to_ndarray(format="bgr24", interpolation=exact).astype(int)
    rendered = Stage(SCENE).frame(25).image.astype(int)
    assert np.abs((decoded - rendered).mean((0, 1))).max() < 0.5
    assert np.abs(decoded - rendered).mean() < 4.0


def test_truth_beside_the_clip(clip: Path) -> None:
    """The truth's first line describes scene and events with their boxes, the others one frame each."""
    header, *frames = [json.loads(line) for line in truth_path(clip).read_text().splitlines()]
    assert (key_of(SCENE), 30, "short") == (header["key"], header["frames"], header["scene"]["name"])
    seen = [frame["sightings"][0] for frame in frames]
    assert not any(one["visible"] for one in seen[:5])
    assert all(one["visible"] for one in seen[7:])
    boxes = np.array([one["xyxy"] for one in seen if one["visible"]])
    assert [*boxes[:, :2].min(0), *boxes[:, 2:].max(0)] == header["events"][0]["xyxy"]
    assert tuple(header["events"][0][key] for key in ("kind", "colour", "start_s", "opacity")) == (
        "smoke",
        "black",
        1.0,
        0.8,
    )


def test_folder_keeps_what_is_current(tmp_path: Path) -> None:
    """A clip is rendered once; again only when the scene changes or half of the pair is missing."""
    scene = replace(SCENE, seconds=0.6, events=())
    drawn: list[str] = []

    def fill(wanted: Scene) -> int:
        drawn.clear()
        clips = ensure(tmp_path, [wanted], progress=lambda name, _done, _total: drawn.append(name))
        assert clips == {"short": tmp_path / "short.mp4"}
        assert clips["short"].is_file()
        return len(drawn)

    assert [fill(scene), fill(scene)] == [3, 0]
    assert [fill(replace(scene, seed=6)), fill(replace(scene, seed=6))] == [3, 0]
    truth_path(tmp_path / "short.mp4").unlink()
    assert fill(replace(scene, seed=6)) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["short.mp4", "short.truth.jsonl"]


def test_broken_truth_is_rendered_again(tmp_path: Path) -> None:
    """A truth that does not begin with a header counts as missing."""
    scene = replace(SCENE, seconds=0.4, events=())
    path = ensure(tmp_path, [scene])["short"]
    truth_path(path).write_text("no json\n")
    ensure(tmp_path, [scene])
    assert key_of(scene) == json.loads(truth_path(path).read_text().splitlines()[0])["key"]


def test_interrupted_render_leaves_nothing(tmp_path: Path) -> None:
    """A render that is stopped half-way leaves neither a clip nor a truth nor a part."""

    class StopError(Exception):
        pass

    def stop(_name: str, done: int, _total: int) -> None:
        if done == 3:
            raise StopError

    with pytest.raises(StopError):
        write(replace(SCENE, events=()), tmp_path / "short.mp4", progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_one_rendering_at_several_rates(tmp_path: Path) -> None:
    """A scene at two bit rates is rendered once; fewer bits make a smaller file of the same truth."""
    scene, drawn = replace(SCENE, seconds=4.0), []
    folders = {40_000: tmp_path / "low", 900_000: tmp_path / "high"}
    clips = ensure_rates(folders, [scene], progress=lambda name, _done, _total: drawn.append(name))["short"]
    again = ensure_rates(folders, [scene], progress=lambda name, _done, _total: drawn.append(name))["short"]

    assert (len(drawn), again) == (20, clips)
    assert clips[40_000].stat().st_size < 0.8 * clips[900_000].stat().st_size
    texts = [truth_path(clip).read_text().splitlines()[1:] for clip in clips.values()]
    assert texts[0] == texts[1]


@pytest.mark.parametrize(("fps", "expected"), [(25.0, 2_000_000), (50.0, 2_000_000), (4.0, 800_000)])
def test_fewer_pictures_get_fewer_bits(fps: float, expected: int) -> None:
    """A clip of fewer pictures a second is not better encoded than the camera whose rate it stands for."""
    assert rate_at(2_000_000, fps) == expected
