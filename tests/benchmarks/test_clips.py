"""Real film: what the worker and the plain rule make of clips, by group, and what keeps an event from being told."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy.deciders import FIVE_IN_A_ROW, SHIPPED, ConfirmedLead, PlainRule
from benchmarks.accuracy.result import ModelUsed, RuntimeUsed
from benchmarks.clips.corpus import CameraKind, Clip, Event
from benchmarks.clips.result import (
    ALL,
    BESIDE_EVENTS,
    SHORTER,
    ClipsResult,
    FilmSet,
    Limit,
    Timings,
    read_clips_result,
    worse,
)
from benchmarks.clips.run import Asked, default_folders, run, watched
from benchmarks.clips.text import clips_text
from benchmarks.clips.watch import DECIDERS, Seen, watch
from benchmarks.errors import BenchmarkError
from streams.camera import camera_id
from streams.frame import Frame
from tests.vision.films import BrightBoxDetector, plume_film
from tests.vision.moments import CARD, boxes, moment, still_image
from vision.confirm.classifier import ClassWeights, TrackClassifier
from vision.confirm.features import FEATURES

SMOKE = Event(("smoke",), 3.0, 8.0)


def shipped_belief(_: str, __: str) -> None:
    """Say of every clip that nothing was fitted on it."""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of 8 s with a plume from 3 s on, which the detector gives 0.75."""
    return plume_film(tmp_path_factory.mktemp("films") / "plume.mp4")


def look(path: Path, *events: Event, **about: object) -> Clip:
    """Return a clip with a truth."""
    return replace(Clip(path, "0" * 64, events), **about)  # type: ignore[arg-type]


def test_both_deciders_see_the_same_plume(film: Path) -> None:
    """From 3 s on: five pictures in a row take 2 s, the worker, for which nothing was fitted here, 1.5 s."""
    seen = watch(look(film, SMOKE), BrightBoxDetector(), shipped_belief)

    assert {name: [lead.confirmed_s for lead in leads] for name, leads in seen.leads.items()} == {
        FIVE_IN_A_ROW.name: [5.0],
        SHIPPED.name: [4.5],
    }
    assert seen.seconds == pytest.approx(8.0)
    assert (seen.is_seen, seen.is_refitted) == ([True], False)


def test_a_clip_is_judged_by_weights_fitted_without_its_source(film: Path) -> None:
    """Who keeps them is asked by the hashes of clip and detector; what they refuse is missed by the confirmation."""
    refuses = ClassWeights(-100.0, np.zeros(len(FEATURES)))
    asked = []

    def without(sha256: str, weights_sha256: str) -> TrackClassifier | None:
        asked.append((sha256, weights_sha256))
        return TrackClassifier("without its source", 0.5, {"smoke": refuses, "fire": refuses})

    found = watched([look(film, SMOKE, sha256="c" * 64)], BrightBoxDetector(), without)

    assert asked == [("c" * 64, CARD.weights_sha256)]
    assert found.refitted == 1
    assert found.decider().groups[ALL].recall.hits == 0
    assert found.decider(FIVE_IN_A_ROW.name).groups[ALL].recall.hits == 1
    assert [(one.clip, one.limit) for one in found.missed] == [("plume.mp4", Limit.CONFIRMATION)]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (SMOKE, True),
        (Event(("fire",), 3.0, 8.0), False),
        (Event(("smoke",), 0.0, 4.9), False),
        (Event(("smoke",), 0.0, 5.0), True),
        (Event(("smoke",), 3.0, 8.0, (0.0, 0.0, 40.0, 40.0)), False),
    ],
)
def test_the_detector_sees_what_five_pictures_within_eight_seconds_show(
    film: Path, event: Event, *, expected: bool
) -> None:
    """Boxes of a class of the event, in it, while it lasts: where there are fewer, no confirmation could tell of it."""
    assert watch(look(film, event), BrightBoxDetector(), shipped_belief).is_seen == [expected]


def observe(times: Sequence[float], *, confidence: float = 0.3, weak: Sequence[float] = ()) -> list[float]:
    """Return when the plain rule tells of a box that is in these of the pictures at two a second, less sure in some."""
    rule, told = PlainRule(CARD), []
    for number in range(40):
        at = number / 2
        sure = 0.24 if at in weak else confidence
        found = boxes(("smoke", sure, (10, 10, 60, 60))) if at in times else boxes()
        frame = Frame(camera_id("plain"), moment(at), still_image())
        told += [lead.confirmed_s for lead in rule.observe(frame, found, moment(0))]
    return told


def test_the_plain_rule_asks_for_five_sure_boxes_in_a_row() -> None:
    """Four, five with a gap, or one of them less sure than 0.25 are not enough; of one class one lead is made."""
    assert observe([]) == []
    assert observe([1, 1.5, 2, 2.5]) == []
    assert observe([1, 1.5, 2.5, 3, 3.5]) == []
    assert observe([1, 1.5, 2, 2.5, 3], weak=[2]) == []
    assert observe([1, 1.5, 2, 2.5, 3], confidence=0.25) == [3]
    assert observe([1, 1.5, 2, 2.5, 3, 10, 10.5, 11, 11.5, 12, 12.5]) == [3]


def test_a_clip_is_as_long_as_its_packets(tmp_path: Path) -> None:
    """One of 4.8 s is shorter than 5 s, though at two pictures a second ten of it are looked at."""
    path = plume_film(tmp_path / "short.mp4", seconds=4.8, plumes=((0.0, 4.8),))
    seen = watch(look(path, Event(("smoke",), 0.0, 4.8)), BrightBoxDetector(), shipped_belief)

    assert seen.seconds == pytest.approx(4.8)
    groups = FilmSet.of([seen]).decider(FIVE_IN_A_ROW.name).groups
    assert (groups[ALL].recall.count, groups[SHORTER].recall.hits) == (0, 1)


def seen_clip(name: str, *events: Event, leads: Sequence[tuple[str, float]] = (), **about: object) -> Seen:
    """Return a clip of 36 s of which both deciders told these classes at these times."""
    told = [ConfirmedLead(class_name, at, at, 0.5, (0, 0, 9, 9)) for class_name, at in leads]
    clip = look(Path(name), *events, sha256=name, **about)
    return Seen(clip, 36.0, dict.fromkeys(DECIDERS, told), [True] * len(events), is_refitted=False)


FIRE = Event(("fire", "smoke"), 0.0, 36.0)
PLUME = Event(("smoke",), 10.0, 20.0)
FIXED, MOVING = CameraKind.FIXED, CameraKind.MOVING


def drawn_set() -> FilmSet:
    """Return the figures of some clips whose leads are known."""
    return FilmSet.of(
        [
            seen_clip("fire", FIRE, leads=[("fire", 2.0)], source="a/x", camera=FIXED),
            seen_clip("fire-2", FIRE, leads=[("smoke", 6.0)], source="a/y", camera=MOVING),
            seen_clip("plume", PLUME, leads=[("smoke", 4.0), ("smoke", 15.0)], source="b/x", camera=FIXED),
            seen_clip("missed", PLUME, source="b/x", camera=FIXED),
            seen_clip("fog", leads=[("smoke", 3.0)], camera=MOVING, lookalike="fog and mist"),
            seen_clip("fog-2", camera=FIXED, lookalike="fog and mist"),
            seen_clip("unsaid", source="c/x"),
            seen_clip("asphalt", leads=[("smoke", 3.0)], camera=FIXED, is_unclear=True),
        ]
    )


def test_figures_are_told_by_camera_kind_of_event_and_look_alike() -> None:
    """What nobody has said of a clip leaves it in no such group; what is unclear counts nowhere."""
    found = drawn_set()
    shipped = found.decider()

    assert (found.clips, found.sources, found.unclear, found.seconds) == (7, 3, 1, 7 * 36)
    recall = {name: (group.recall.hits, group.recall.count) for name, group in shipped.groups.items()}
    assert recall == {
        "all": (3, 4),
        "fixed": (2, 3),
        "moving": (1, 1),
        "fire": (2, 2),
        "smoke alone": (1, 2),
        SHORTER: (0, 0),
    }
    false = {
        name: (group.false_leads.an_hour.count, group.false_leads.clips)
        for name, group in shipped.groups.items()
        if group.false_leads
    }
    assert false == {"all": (2, 7), "fixed": (1, 4), "moving": (1, 2)}
    kinds = {kind: (one.an_hour.count, one.clips) for kind, one in shipped.look_alikes.items()}
    assert kinds == {BESIDE_EVENTS: (1, 4), "fog and mist": (1, 2), "other": (0, 1)}
    delay = shipped.groups[ALL].confirm_s
    assert delay is not None
    assert (delay.least, delay.median, delay.most) == (2.0, 5.0, 6.0)


def test_false_leads_have_their_exact_interval_a_clip_and_an_hour() -> None:
    """Two in seven clips: 0.29 a clip, 0.03 to 1.03; of the two plumes' clips 21 s each are quiet, of a fire's none."""
    false = drawn_set().decider().groups[ALL].false_leads

    assert false is not None
    assert (false.a_clip, false.low, false.high) == (
        pytest.approx(0.2857, abs=1e-3),
        pytest.approx(0.0346, abs=1e-3),
        pytest.approx(1.032, abs=1e-3),
    )
    assert false.an_hour.hours == pytest.approx((3 * 36 + 2 * 21) / 3600, abs=1e-4)


def result(film: FilmSet, rendered: FilmSet | None = None) -> ClipsResult:
    """Return a whole result with these figures."""
    model = ModelUsed(
        name="test",
        version="1",
        weights_sha256="a" * 64,
        weights_format="onnx",
        class_names=("smoke", "fire"),
        long_side_px=640,
        threshold=0.5,
        nms_iou=0.45,
    )
    runtime = RuntimeUsed(engine="none", version="0", device="none", precision="f32")
    timings = Timings(film_s=1.0, rendered_s=None)
    return ClipsResult(plumewatch="0", model=model, runtime=runtime, film=film, rendered=rendered, timings=timings)


def test_the_terminal_shows_real_film_first(tmp_path: Path) -> None:
    """Then rendered scenes by that name; each missed event with its limit, each false lead with clip, second, class."""
    one = result(drawn_set(), drawn_set())
    text = clips_text(one)

    assert text.index("REAL FILM: 7 clips of 3 sources, 0.07 h") < text.index("RENDERED SCENES")
    assert "Events count where the clip is 5 s and longer" in text
    assert "missed: missed at 10 s (smoke): the confirmation is the limit" in text
    assert f"false: {FIVE_IN_A_ROW.name}: fog at 3.0 s (smoke; fog and mist)" in text
    assert "asphalt" not in text
    assert SHORTER not in text, "a group in which nothing was counted has no line"
    file = tmp_path / "clips.json"
    file.write_text(one.as_json(), encoding="utf-8")
    assert read_clips_result(file) == one


def test_one_event_or_lead_is_no_regression_and_two_are() -> None:
    """Of the shipped way, in real film and in scenes where both results have them."""

    def found(hits: int, false: int) -> FilmSet:
        return FilmSet.of(
            [seen_clip(f"fire-{n}", FIRE, leads=[("fire", 2.0)] if n < hits else [], camera=FIXED) for n in range(4)]
            + [seen_clip(f"fog-{n}", leads=[("smoke", 2.0)] if n < false else []) for n in range(4)]
        )

    before = result(found(4, 0), found(4, 0))
    assert worse(before, result(found(3, 1), found(3, 1))) == []
    assert worse(before, result(found(2, 2))) == [
        "real film, all: 4 events found before, 2 now",
        "real film, all: 0 false leads before, 2 now",
        "real film, fixed: 4 events found before, 2 now",
    ]
    assert worse(before, result(found(4, 0), found(4, 2))) == ["rendered scenes, all: 0 false leads before, 2 now"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two clips and a manifest that tells of them."""
    folder = tmp_path_factory.mktemp("clips")
    plume_film(folder / "plume.mp4")
    plume_film(folder / "still.mp4", seconds=6.0, plumes=())
    (folder / "manifest.csv").write_text(
        "file,source_repo,seconds,shows,event_start_s,camera,remark\n"
        "plume.mp4,a/x,8.0,smoke,~3,static,plume\nstill.mp4,b/y,6.0,none,,moving,fog\n"
    )
    return folder


def test_two_runs_give_the_same_bytes_but_for_the_time_they_took(folder: Path) -> None:
    """Same weights, same clips; a clip that two folders hold is watched once."""
    first, second = (run(Asked((folder, folder), "emissions-n"), without=shipped_belief) for _ in range(2))

    assert first.model_dump(exclude={"timings"}) == second.model_dump(exclude={"timings"})
    assert [(one.file, one.source, one.camera, one.lookalike) for one in first.film.films] == [
        ("plume.mp4", "a", FIXED, ""),
        ("still.mp4", "b", MOVING, "fog and mist"),
    ]
    assert first.rendered is None


def test_a_baseline_of_other_clips_is_refused_before_anything_is_watched(folder: Path) -> None:
    """As by every benchmark."""
    with pytest.raises(BenchmarkError, match="other pictures or clips"):
        run(Asked((folder,), "emissions-n", limit=1), baseline=result(drawn_set()), without=shipped_belief)


def test_without_real_film_the_command_says_so(tmp_path: Path) -> None:
    """One sentence, whether nobody named a folder or the one named is not there; the old option names the new way."""
    with pytest.raises(BenchmarkError, match=r"no real film at .*: name a folder"):
        default_folders(tmp_path / "clips")
    (tmp_path / "clips" / "real").mkdir(parents=True)
    assert default_folders(tmp_path / "clips") == (tmp_path / "clips", tmp_path / "clips" / "real")
    for words, sentence in (
        (("clips", str(tmp_path / "absent")), "no such folder"),
        (("accuracy", "--clips", "yard"), "plumewatch bench clips yard"),
    ):
        command = [sys.executable, "-m", "plumewatch", "bench", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1)
        assert sentence in done.stderr
