"""The corpus: what happens in clips, from a table beside them, by their hash, or from a rendered scene."""

from pathlib import Path

import pytest

from benchmarks.corpus import Event, known_clips, scene_clips, sha256_of
from benchmarks.errors import BenchmarkError
from benchmarks.scenes.catalogue import scene_named
from benchmarks.scenes.scene import Kind, Place, Scene, SceneEvent, Weather
from tests.shared import shared_path


def clip(folder: Path, name: str, content: str = "") -> Path:
    """Write a file that has the name of a clip; the corpus does not open it."""
    path = folder / name
    path.write_text(content or name)
    return path


def test_a_table_beside_the_clips_tells(tmp_path: Path) -> None:
    """Each line is an event; a line without classes says that nothing happens."""
    clip(tmp_path, "a.mp4")
    clip(tmp_path, "b.mp4")
    (tmp_path / "events.csv").write_text(
        "file,classes,start_s,end_s\na.mp4,smoke|fire,3,9.5\na.mp4,fire,20,30\nb.mp4,,,\n"
    )

    first, second = known_clips(tmp_path)

    assert first.events == (Event(("smoke", "fire"), 3.0, 9.5), Event(("fire",), 20.0, 30.0))
    assert second.events == ()
    assert first.sha256 == sha256_of(tmp_path / "a.mp4")


def test_known_clips_are_found_by_their_hash(tmp_path: Path) -> None:
    """The name of a clip does not matter; one that nobody has described is left out."""
    path = clip(tmp_path, "renamed.mp4", "content")
    clip(tmp_path, "strange.mp4")
    known = tmp_path / "corpus.toml"
    known.write_text(
        f'[clips.{sha256_of(path)}]\nshows = "x"\nunclear = true\n'
        'events = [{ classes = ["fire"], start_s = 0.5, end_s = 2.0 }]\n'
    )

    (only,) = known_clips(tmp_path, known)

    assert (only.path.name, only.is_unclear, only.events) == ("renamed.mp4", True, (Event(("fire",), 0.5, 2.0),))


def test_the_table_of_known_clips_is_sound() -> None:
    """Each of the shared clips is described, and every event ends after it starts."""
    clips = known_clips(shared_path("clips"))

    assert len(clips) == 15
    assert sum(len(one.events) for one in clips) == 6
    assert all(event.start_s < event.end_s for one in clips for event in one.events)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("file,classes,start_s,end_s\na.mp4,steam,0,1\n", "unknown class steam"),
        ("file,classes,start_s,end_s\na.mp4,smoke,5,1\n", "must end after it starts"),
        ("file,classes,start_s,end_s\na.mp4,smoke,soon,1\n", "line 2"),
        ("name\na.mp4\n", "expected file,classes,start_s,end_s"),
        ("file,classes,start_s,end_s\n", "nobody has said"),
    ],
)
def test_a_wrong_table_is_told_in_one_sentence(tmp_path: Path, table: str, sentence: str) -> None:
    """The line and what is wrong with it."""
    clip(tmp_path, "a.mp4")
    (tmp_path / "events.csv").write_text(table)

    with pytest.raises(BenchmarkError, match=sentence):
        known_clips(tmp_path)


def test_folders_without_clips_are_told(tmp_path: Path) -> None:
    """Absent and empty are different sentences."""
    with pytest.raises(BenchmarkError, match="no such folder"):
        known_clips(tmp_path / "absent")
    with pytest.raises(BenchmarkError, match="no clips"):
        known_clips(tmp_path)


def test_a_rendered_scene_brings_its_truth(tmp_path: Path) -> None:
    """Smoke and fire that burn together are one event with a box around both; steam is none."""
    scene = Scene(
        "tiny",
        5,
        Place.YARD,
        Weather.OVERCAST,
        (
            SceneEvent(Kind.SMOKE, 0.4, 1.2, 0.9, at=(0.44, 0.66), width=0.05),
            SceneEvent(Kind.FIRE, 0.4, 1.2, 0.9, at=(0.44, 0.7), width=0.05),
            SceneEvent(Kind.STEAM, 0.0, 1.0, 0.9, at=(0.7, 0.7), width=0.05),
        ),
        size_wh=(320, 180),
        seconds=1.6,
    )

    (one,) = scene_clips(tmp_path, [scene])
    (event,) = one.events

    assert (event.classes, event.start_s, event.end_s) == (("fire", "smoke"), 0.4, 1.2)
    assert event.xyxy is not None
    assert event.xyxy[0] < 0.44 * 320 < event.xyxy[2]
    assert scene_named("clouds").is_quiet
