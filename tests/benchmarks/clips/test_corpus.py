"""The corpus: what happens in clips, from a table beside them, by their hash, or from a rendered scene."""

from pathlib import Path

import pytest

from benchmarks.clips.corpus import CameraKind, Clip, Event, Made, known_clips, scene_clips, sha256_of, spread
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
        'source = "a/b"\ncamera = "moving"\nmade = "hand-held"\nlookalike = "steam"\n'
        'events = [{ classes = ["fire"], start_s = 0.5, end_s = 2.0 }]\n'
    )

    (only,) = known_clips(tmp_path, known)

    assert (only.path.name, only.is_unclear, only.events) == ("renamed.mp4", True, (Event(("fire",), 0.5, 2.0),))
    assert (only.source, only.camera, only.made, only.lookalike) == (
        "a/b",
        CameraKind.MOVING,
        Made.HAND_HELD,
        "steam",
    )


MANIFEST = "file,source_repo,seconds,shows,event_start_s,camera,remark\n"


def of_manifest(folder: Path, line: str, head: str = MANIFEST) -> Clip:
    """Return the clip ``a.mp4`` as one line of a manifest describes it."""
    clip(folder, "a.mp4")
    (folder / "manifest.csv").write_text(f"{head}a.mp4,{line}\n")
    (only,) = known_clips(folder)
    return only


FIRE = ("fire", "smoke")


@pytest.mark.parametrize(
    ("line", "events", "is_unclear"),
    [
        ("o/r,20.5,none,,static,street", (), False),
        ("o/r,20.5,fire,0,static,camp fire", (Event(FIRE, 0.0, 20.5),), False),
        ("o/r,20.5,smoke;fire,~4,static,house", (Event(FIRE, 4.0, 20.5),), False),
        ("o/r,20.5,smoke,unknown,static,plume", (Event(("smoke",), 0.0, 20.5),), False),
        ("o/r,20.5,smoke,,static,plume", (Event(("smoke",), 0.0, 20.5),), False),
        ("o/r,20.5,steam,0,static,stack", (), True),
        ("o/r,20.5,steam;smoke,0,static,stack", (Event(("smoke",), 0.0, 20.5),), True),
        ("o/r,20.5,smoke,0,static,haze; Ambiguous", (Event(("smoke",), 0.0, 20.5),), True),
        ("o/r,20.5,none,,static,undecidable", (), True),
    ],
)
def test_a_manifest_tells_what_burns_and_from_when(
    tmp_path: Path, line: str, events: tuple[Event, ...], *, is_unclear: bool
) -> None:
    """To the end of the clip; fire smokes, an unknown start is the clip's, and steam or doubt makes it unclear."""
    only = of_manifest(tmp_path, line)

    assert (only.events, only.is_unclear, only.source) == (events, is_unclear, "o")


@pytest.mark.parametrize(
    ("remark", "kind"),
    [
        ("", "other"),
        ("a train of thought", "other"),
        ("sunrise over a sea of fog", "fog and mist"),
        ("grey haze over a plain", "fog and mist"),
        ("mountain clouds", "clouds"),
        ("tornado funnel with dust", "tornado"),
        ("warehouse shelves collapse DUST cloud", "dust"),
        ("snow at a street lamp", "lamps and moon"),
        ("the moon", "lamps and moon"),
        ("people walking in a snowy wood", "rain and snow"),
        ("sleet on the ground", "rain and snow"),
        ("sunset sea", "sunset"),
        ("pavement with people", "people and vehicles"),
        ("night traffic", "people and vehicles"),
    ],
)
def test_a_manifest_s_remark_tells_the_kind_of_look_alike(tmp_path: Path, remark: str, kind: str) -> None:
    """By its words; where they tell none it is another."""
    assert of_manifest(tmp_path, f"o/r,9,none,,static,{remark}").lookalike == kind


@pytest.mark.parametrize(
    ("camera", "kind"),
    [
        ("static (slow drift)", CameraKind.FIXED),
        ("static", CameraKind.FIXED),
        ("moving", CameraKind.MOVING),
        ("moving crop", CameraKind.MOVING),
        ("", None),
    ],
)
def test_a_manifest_tells_whether_the_camera_stands_still(tmp_path: Path, camera: str, kind: CameraKind | None) -> None:
    """By how the word begins; an empty one tells nothing."""
    assert of_manifest(tmp_path, f"o/r,9,none,,{camera},x").camera is kind


def test_a_manifest_with_fewer_columns_is_read_too(tmp_path: Path) -> None:
    """`source` is `source_repo`; prose in `shows` tells nothing, and the clip is one that nobody has described."""
    only = of_manifest(tmp_path, "o/r,9,smoke", "file,source,seconds,shows\n")

    assert (only.source, only.events, only.camera) == ("o", (Event(("smoke",), 0.0, 9.0),), None)
    with pytest.raises(BenchmarkError, match="nobody has said"):
        of_manifest(tmp_path, '"o/r",9,"night bonfire, handheld"', "file,source,seconds,shows\n")
    with pytest.raises(BenchmarkError, match="line 2: expected file, shows and seconds"):
        of_manifest(tmp_path, "o/r,long,smoke", "file,source,seconds,shows\n")


def test_a_hash_counts_before_a_manifest_and_a_table_of_events_before_both(tmp_path: Path) -> None:
    """What the table does not tell, whose film it is and by what camera, still comes from the others."""
    path = clip(tmp_path, "a.mp4")
    known = tmp_path / "corpus.toml"
    known.write_text(f'[clips.{sha256_of(path)}]\nshows = "x"\nsource = "known/x"\nunclear = true\n')
    (tmp_path / "manifest.csv").write_text(f"{MANIFEST}a.mp4,told/x,9,fire,0,moving,x\n")

    (by_hash,) = known_clips(tmp_path, known)
    (tmp_path / "events.csv").write_text("file,classes,start_s,end_s\na.mp4,smoke,3,9\n")
    (by_events,) = known_clips(tmp_path, known)

    assert (by_hash.source, by_hash.events, by_hash.is_unclear) == ("known/x", (), True)
    assert (by_events.source, by_events.is_unclear) == ("known/x", False)
    assert by_events.events == (Event(("smoke",), 3.0, 9.0),)


def test_the_manifest_of_real_film_is_read_as_the_table_of_known_clips_tells(tmp_path: Path) -> None:
    """Without the table the same clips burn, but for starts and cameras that were corrected by eye."""
    folder, nothing = shared_path("clips/real"), tmp_path / "corpus.toml"
    nothing.write_text("[clips]\n")

    told, known = known_clips(folder, nothing), known_clips(folder)

    assert len(told) == len(known) == 54
    assert [one.path for one in told if one.events] == [one.path for one in known if one.events or one.is_unclear]
    assert {one.source for one in told} == {one.source.partition("/")[0] for one in known}
    assert sum(one.camera is not two.camera for one, two in zip(told, known, strict=True)) <= 3


def test_the_table_of_known_clips_is_sound() -> None:
    """Each of the shared clips is described, and every event ends after it starts."""
    clips = known_clips(shared_path("clips"))

    assert len(clips) == 15
    assert sum(len(one.events) for one in clips) == 6
    assert all(event.start_s < event.end_s for one in clips for event in one.events)
    real = known_clips(shared_path("clips/real"))
    assert all(one.source and one.camera for one in (*clips, *real))
    assert all(bool(one.lookalike) != bool(one.events) for one in (*clips, *real))


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


def test_a_limit_takes_items_evenly() -> None:
    """In their order, never one twice, and all of them where there is no limit or a higher one."""
    assert spread([], 3) == []
    assert spread(range(10), 3) == [0, 3, 6]
    assert spread(range(3), 9) == spread(range(3), None) == [0, 1, 2]


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
