"""Camera-days: what a script promises, pictures without seams, the watch over them, and what is counted."""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from benchmarks.accuracy.result import ModelUsed, RuntimeUsed
from benchmarks.capacity.result import Machine
from benchmarks.days.__main__ import numbers, span
from benchmarks.days.light import Daylight, capture_time
from benchmarks.days.result import DaysResult, EventSeen, FalseLead, Figures, Stretch, code_sha256
from benchmarks.days.run import Asked, expect_same, missing, parts_of
from benchmarks.days.script import APART_S, DARK_HOURS, Planted, Script, Sky, script_of
from benchmarks.days.stretch import Part, judged
from benchmarks.days.text import as_text
from benchmarks.days.view import View
from benchmarks.days.wander import HOUR_S, Distance, Span, Wander
from benchmarks.days.watch import DayWatch, Restart, watched
from benchmarks.errors import BenchmarkError
from benchmarks.scenes.scene import Colour, Kind, LookAlike, SceneEvent, Weather
from models.detections import Detections
from models.detector import ModelCard, Runtime
from streams.watch import WatchReason
from tests.vision.moments import CARD, boxes
from vision.config.stream import StreamConfig

SMALL = (320, 180)
NOON_S = 43_200.0


class FlameDetector:
    """A detector that takes all that glows orange for one fire."""

    card: ModelCard = CARD
    runtime = Runtime("test", "1", "cpu", "f32")

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Return a box around what glows in each picture."""
        return [self._of(image.astype(np.int16)) for image in images]

    def _of(self, image: NDArray[np.int16]) -> Detections:
        glows = cv2.erode(((image[..., 2] > 170) & (image[..., 0] < 110)).astype(np.uint8), np.ones((3, 3), np.uint8))
        rows, columns = np.flatnonzero(glows.any(1)), np.flatnonzero(glows.any(0))
        if not len(rows):
            return Detections.empty()
        return boxes(("fire", 0.9, (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))))


def bare(number: int, *planted: Planted) -> Script:
    """Return a camera's clear day without what steps, steams or drives, and with these events alone."""
    script = script_of(number)
    ground = replace(script.ground, vehicles_an_hour=0.0, oncoming_an_hour=0.0)
    eye = replace(script.eye, steps=(), has_infrared=False)
    plain = replace(script, skies=(Sky(0.0, Weather.CLEAR),), showers=(), fogs=(), gusts=(), cloths=())
    return replace(plain, ground=ground, eye=eye, vents=(), dust=(), planted=planted)


def bonfire(start_s: float, end_s: float) -> Planted:
    """Return flames in the yard."""
    fire = SceneEvent(Kind.FIRE, 0.0, end_s - start_s, 0.9, Colour.YELLOW, (0.44, 0.705), 0.055)
    return Planted("flames", start_s, end_s, (fire,), ("fire",))


def test_a_camera_has_one_day() -> None:
    """The same number gives the same day, another number another one."""
    assert script_of(5).planted == script_of(5).planted
    assert script_of(5).seed != script_of(13).seed
    assert script_of(5).place == script_of(13).place
    assert [sky.start_s for sky in script_of(5).skies] != [sky.start_s for sky in script_of(13).skies]


@pytest.mark.parametrize("number", [1, 4, 5, 7, 14])
def test_planted_events_are_apart_and_can_be_seen(number: int) -> None:
    """Events lie within a clock hour, too far from each other to be one lead, and none of smoke alone in the dark."""
    script = script_of(number)
    assert script.planted
    light = DARK_HOURS[capture_time(script, 43_200.0).utc.month - 1]
    for event in script.planted:
        assert int(event.start_s // HOUR_S) == int((event.end_s + 5) // HOUR_S)
        assert 60 <= event.end_s - event.start_s <= 300
        assert light[0] <= event.start_s / HOUR_S <= light[1] or "fire" in event.classes
    for before, after in zip(script.planted, script.planted[1:], strict=False):
        assert after.start_s - before.end_s >= APART_S


def test_shares_of_the_sky_add_up() -> None:
    """At every minute the kinds of sky share it all."""
    script = script_of(2)
    assert [sum(script.sky(60.0 * minute).values()) for minute in range(1440)] == pytest.approx([1.0] * 1440)


def test_what_wanders_does_not_jump() -> None:
    """A wandering number stays in its range and moves little from second to second."""
    wander = Wander(3, "wind", 60.0, -1.0, 2.0)
    values = np.array([wander.at(float(second)) for second in range(3600)])
    assert values.min() >= -1
    assert values.max() <= 2
    assert np.abs(np.diff(values)).max() <= 1.5 * 3 / 60 + 1e-9


def test_spans_rise_and_fall() -> None:
    """A span is nothing outside, half as strong halfway up, and in full in between."""
    span_ = Span(100.0, 200.0, 20.0, 0.8)
    assert [span_.at(time_s) for time_s in (99.0, 110.0, 150.0, 190.0, 201.0)] == pytest.approx([0, 0.4, 0.8, 0.4, 0])
    assert Span(1.0, 2.0).at(1.0) == 1.0


def test_distance_is_speed_over_time() -> None:
    """What moves at changing speeds has come as far as they add up to."""
    way = Distance([1.0, 3.0], 10.0)
    assert [way.at(time_s) for time_s in (0.0, 5.0, 10.0, 15.0, 99.0)] == [0.0, 5.0, 10.0, 25.0, 40.0]


@pytest.mark.parametrize("number", [3, 6])
def test_light_has_no_seams(number: int) -> None:
    """Through a whole day, dawn, showers and fog included, light and haze change by less than 5 % in two seconds."""
    daylight = Daylight(script_of(number))
    before = daylight.at(0.0)
    for second in range(2, 86_400, 2):
        if second % 600 not in {0, 2}:
            continue
        now = daylight.at(float(second))
        if second % 600 == 2:
            assert abs(now.light / before.light - 1) < 0.05
            assert np.abs(now.horizon - before.horizon).max() < 0.02
            assert abs(now.fog - before.fog) < 0.02
        before = now


def test_noon_is_bright_and_midnight_is_not() -> None:
    """The sun stands high at noon in Beijing and under the horizon at midnight."""
    daylight = Daylight(script_of(1))
    assert daylight.at(43_200.0).light > 0.5
    assert daylight.at(0.0).light < 0.05
    assert daylight.at(0.0).is_dark
    assert not daylight.at(43_200.0).is_dark


def test_a_place_looks_the_same_at_all_hours() -> None:
    """Edges of what stands there lie where they lay: the morning's picture correlates with the afternoon's."""
    view = View(bare(4), SMALL)
    land = slice(view.land.horizon_px + 5, None)
    pictures = [cv2.cvtColor(view.picture(hour * HOUR_S).image, cv2.COLOR_BGR2GRAY)[land] for hour in (10, 15)]
    edges = [np.abs(cv2.Laplacian(picture, cv2.CV_32F)).ravel() for picture in pictures]
    assert np.corrcoef(edges[0], edges[1])[0, 1] > 0.6


def test_neighbouring_pictures_differ_by_noise_alone() -> None:
    """Where nothing happens two pictures of a patrol differ in the land by no more than what a sensor adds."""
    view = View(bare(4), SMALL)
    land = slice(view.land.horizon_px + 5, None)
    for hour in (2.0, 9.5, 13.0, 18.3):
        one, other = (cv2.blur(view.picture(hour * HOUR_S + late).image, (9, 9))[land] for late in (0.0, 2.0))
        assert float(np.percentile(cv2.absdiff(one, other), 99)) <= 5


def test_pictures_are_the_same_whenever_they_are_taken() -> None:
    """A second rendered by itself is the second rendered after others: nothing is carried over."""
    fire = bonfire(3600.0, 3660.0)
    view, other = View(bare(3, fire), SMALL), View(bare(3, fire), SMALL)
    for late in (0.0, 3000.0, 3640.0):
        view.picture(late)
    picture = view.picture(3642.0)
    assert np.array_equal(picture.image, other.picture(3642.0).image)
    assert set(picture.boxes) == {0}
    assert other.picture(3800.0).boxes == {}


def test_a_steaming_vent_is_told_as_a_look_alike() -> None:
    """What steams is named in the pictures of its shift, and in no other."""
    script = next(one for one in map(script_of, range(1, 40)) if one.vents and one.vents[0].shifts[0].start_s > 0)
    script = replace(bare(script.number), vents=script.vents[:1])
    view, shift = View(script, SMALL), script.vents[0].shifts[0]
    assert LookAlike.STEAM in view.picture(shift.start_s + 60).active
    assert LookAlike.STEAM not in view.picture(max(0.0, shift.start_s - 60)).active


def test_an_overcast_sky_is_told_as_clouds() -> None:
    """Shapes drift in a closed sky as well, by day; a clear one holds nothing that may be mistaken."""
    script = bare(4)
    overcast = View(replace(script, skies=(Sky(0.0, Weather.OVERCAST),)), SMALL)
    assert overcast.picture(NOON_S).active == {LookAlike.CLOUDS}
    assert overcast.picture(0.0).active == frozenset()
    assert View(script, SMALL).picture(NOON_S).active == frozenset()


def test_patrol_stands_on_key_frames_and_focus_on_the_analysis_rate() -> None:
    """On patrol each second second is looked at, in focus each half; after it the next key frame."""
    watch = DayWatch(StreamConfig())
    assert [watch.next_s(time_s) for time_s in (0.0, 2.0, 3.5)] == [2.0, 4.0, 4.0]
    watch.focus(WatchReason.SIGN, capture_time(script_of(1), 4.0))
    assert watch.is_focused
    assert [watch.next_s(time_s) for time_s in (4.0, 4.5)] == [4.5, 5.0]
    watch.relax()
    assert watch.next_s(5.5) == 6.0


def test_a_planted_fire_is_found_in_focus() -> None:
    """A fire brings the camera into focus, is confirmed within seconds and judged as found; nothing else is told."""
    script = bare(3, bonfire(NOON_S, NOON_S + 60))
    view = View(script, SMALL)
    seen = watched(script, FlameDetector(), NOON_S - 60, NOON_S + 100, warm_up_s=60.0, view=view)
    assert [each.lead.peak.class_name for each in seen.told] == ["fire"]
    assert NOON_S < seen.told[0].time_s < NOON_S + 12
    assert seen.focus > 40
    assert seen.patrol >= 20
    assert seen.focus_s == pytest.approx(seen.focus * 0.5, abs=2)
    stretch = judged(script, seen, view.daylight, None)
    assert stretch.false_leads == ()
    assert stretch.events[0].confirmed_s == seen.told[0].time_s - NOON_S
    assert stretch.quiet_h == pytest.approx((160 - 65) / 3600, abs=1e-3)
    assert stretch.light_h == {"day": pytest.approx(160 / 3600, abs=1e-4)}


def test_a_lead_of_nothing_is_false_and_its_picture_is_kept(tmp_path: Path) -> None:
    """A fire that nobody planted is a false lead with time, place and picture; an event nobody told of is missed."""
    script = bare(3, bonfire(NOON_S, NOON_S + 60))
    view = View(script, SMALL)
    seen = watched(script, FlameDetector(), NOON_S - 40, NOON_S + 80, warm_up_s=60.0, view=view)
    unplanned = replace(script, planted=(replace(bonfire(NOON_S - 30, NOON_S - 10), name="other flames"),))
    stretch = judged(unplanned, seen, view.daylight, tmp_path)
    assert [lead.class_name for lead in stretch.false_leads] == ["fire"]
    assert stretch.false_leads[0].time.startswith("12:00:")
    assert [event.confirmed_s for event in stretch.events] == [None]
    assert stretch.false_leads[0].picture in [path.name for path in tmp_path.iterdir()]


def test_a_warm_up_is_not_counted() -> None:
    """Pictures before the start are looked at and counted nowhere."""
    script = bare(3)
    seen = watched(script, FlameDetector(), NOON_S, NOON_S + 20, warm_up_s=30.0, view=View(script, SMALL))
    assert (seen.patrol, seen.focus) == (10, 0)
    assert sum(seen.active_s.values()) == pytest.approx(20.0)


@pytest.mark.parametrize(("restart", "told", "merged"), [("none", 0, 0), ("remembering", 0, 1), ("forgetful", 1, 0)])
def test_a_worker_may_be_started_anew_after_the_warm_up(restart: str, told: int, merged: int) -> None:
    """A fire that goes on is told again by a worker that forgets, and is the same lead to one that remembers."""
    script = bare(3, bonfire(NOON_S - 30, NOON_S + 60))
    view = View(script, SMALL)
    seen = watched(
        script, FlameDetector(), NOON_S, NOON_S + 30, warm_up_s=100.0, view=view, restart=Restart(restart)
    )  # fmt: skip

    assert (len(seen.early), len(seen.told), len(seen.merged)) == (1, told, merged)


def stretch_of(camera: int, start_h: float, *, wrong: int = 0, found: Sequence[float | None] = ()) -> Stretch:
    """Return four hours of a camera with so many false leads and these events."""
    lead = FalseLead(
        time="08:00:00", time_s=28_800.0, sky="clear", light="day", active=("steam",), class_name="smoke",
        rule="smoke.visible", violation="V01_STACK_SMOKE", probability=0.9, confidence=0.5,
        xyxy=(1.0, 2.0, 30.0, 40.0), after_event_s=None, picture=None,
    )  # fmt: skip
    events = tuple(
        EventSeen(
            name="grey distant smoke 70%", start_s=1.0, end_s=61.0, sky="clear", confirmed_s=delay, is_merged=False
        )
        for delay in found
    )
    return Stretch(
        camera=camera, place="works", date="2026-05-01", has_zones=True, start_s=start_h * 3600,
        end_s=(start_h + 4) * 3600, quiet_h=4.0, patrol=7000, focus=400, focus_s=200.0, false_leads=(lead,) * wrong,
        early=0,
        merged=0, events=events, active_h={"steam": 1.0, "nothing": 3.0}, sky_h={"clear": 4.0}, light_h={"day": 4.0},
        faults=(), cost_s={"all": 1.0},
    )  # fmt: skip


def result_of(*stretches: Stretch) -> DaysResult:
    """Return a result of some stretches."""
    model = ModelUsed(
        name="test", version="1", weights_sha256="0" * 64, weights_format="onnx", class_names=("smoke", "fire"),
        long_side_px=640, threshold=0.1, nms_iou=0.45,
    )  # fmt: skip
    runtime = RuntimeUsed(engine="test", version="1", device="cpu", precision="f32")
    return DaysResult(
        plumewatch="1", code_sha256="1" * 64, code=None, model=model, runtime=runtime, machine=Machine.here(),
        assumed={}, stretches=stretches, figures=Figures.of(stretches),
    )  # fmt: skip


def test_nothing_watched_says_nothing() -> None:
    """Without a stretch every figure is unknown."""
    figures = Figures.of([])
    assert figures.false_leads.value is None
    assert figures.event_recall.value is None
    assert figures.confirm_median_s is None
    assert "0 cameras" in as_text(result_of())


def test_false_leads_are_counted_by_the_day() -> None:
    """One false lead in two times four hours is three a day, with the exact interval; while there was steam, twelve."""
    result = result_of(stretch_of(1, 0, wrong=1, found=[8.0, None]), stretch_of(2, 4, found=[20.0]))
    figures = result.figures
    assert (figures.false_leads.value, figures.false_leads.low) == (3.0, pytest.approx(0.0760, abs=1e-3))
    assert figures.false_leads.high == pytest.approx(16.715, abs=1e-2)
    assert figures.by_look_alike["steam"].value == 12.0
    assert figures.by_look_alike["nothing"].count == 0
    assert (figures.event_recall.hits, figures.event_recall.count) == (2, 3)
    assert (figures.confirm_median_s, figures.confirm_slowest_s) == (14.0, 20.0)
    assert figures.by_event["distant smoke"].count == 3
    assert figures.missed == ("camera 1, 00:00:01, works, clear: grey distant smoke 70%",)
    text = as_text(result)
    assert "1 in 8.0 quiet hours, 3.00 (0.08 to 16.71) a camera-day" in text
    assert (
        "camera 1 (works) 08:00:00, day, clear: smoke by smoke.visible p 0.90 at (1, 2, 30, 40); there: steam" in text
    )


def test_a_result_is_written_and_read_back(tmp_path: Path) -> None:
    """What is written is what is read, and a stretch that is added stands in the order of cameras and hours."""
    file = tmp_path / "days.json"
    result = result_of(stretch_of(2, 0)).adding(stretch_of(1, 4)).adding(stretch_of(1, 0))
    result.write(file)
    assert DaysResult.read(file) == result
    assert [(one.camera, one.start_s) for one in result.stretches] == [(1, 0.0), (1, 14_400.0), (2, 0.0)]
    assert [path.name for path in tmp_path.iterdir()] == ["days.json"]
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(BenchmarkError, match="not a result of camera-days"):
        DaysResult.read(file)


def test_parts_go_hour_by_hour_through_the_cameras() -> None:
    """All cameras' first hours come before anybody's next ones, and the last part ends where the hours do."""
    parts = parts_of(Asked(cameras=(1, 2), hours=(6, 12), part_hours=4))
    assert [(one.camera, one.start_s / 3600, one.end_s / 3600) for one in parts] == [
        (1, 6, 10), (2, 6, 10), (1, 10, 12), (2, 10, 12),
    ]  # fmt: skip
    assert parts_of(Asked(cameras=(1,), hours=(6, 7), limit_minutes=2)) == [Part(1, 21_600.0, 21_720.0)]


def test_an_hour_of_each_camera_goes_round_the_clock() -> None:
    """Twenty-four cameras have every hour of a day once, whatever hours are asked for; a limit shortens each."""
    parts = parts_of(Asked(cameras=tuple(range(1, 25)), spread=True))
    assert [(one.camera, one.start_s / 3600) for one in parts[:3]] == [(1, 7), (2, 14), (3, 21)]
    assert {one.start_s / 3600 for one in parts} == set(range(24))
    assert all(one.end_s - one.start_s == 3600 for one in parts)
    assert parts_of(Asked(cameras=(1,), spread=True, limit_minutes=2)) == [Part(1, 25_200.0, 25_320.0)]


def test_what_is_there_already_is_refused_or_left_out() -> None:
    """The same camera and hours are not counted twice; asked for the rest, only the rest is watched."""
    result, file = result_of(stretch_of(1, 0)), Path("days.json")
    parts = parts_of(Asked(cameras=(1, 2), hours=(0, 8), part_hours=4))
    with pytest.raises(BenchmarkError, match="holds camera 1 from 00:00:00 on already"):
        missing(parts, result, file, rest=False)
    assert [(one.camera, one.start_s) for one in missing(parts, result, file, rest=True)] == [
        (2, 0.0), (1, 14_400.0), (2, 14_400.0),
    ]  # fmt: skip


def test_another_model_or_code_is_refused() -> None:
    """A result grows only by what was watched as it was."""
    result, file = result_of(), Path("days.json")
    expect_same(result, result, file)
    with pytest.raises(BenchmarkError, match="another model"):
        expect_same(result, result.model_copy(update={"model": result.model.model_copy(update={"version": "2"})}), file)
    with pytest.raises(BenchmarkError, match="other code"):
        expect_same(result, result.model_copy(update={"code_sha256": "2" * 64}), file)
    with pytest.raises(BenchmarkError, match="made with restart forgetful"):
        expect_same(result.model_copy(update={"restart": Restart.FORGETFUL}), result, file)
    assert len(code_sha256()) == 64


def test_cameras_and_hours_are_read() -> None:
    """Lists and ranges of cameras, and hours of one day; nonsense is refused."""
    assert numbers("1-3,7") == (1, 2, 3, 7)
    assert span("6-10") == (6, 10)
    for wrong in ("", "0-2", "3,3", "a"):
        with pytest.raises(argparse.ArgumentTypeError):
            numbers(wrong)
    for wrong in ("10", "10-6", "0-25", "a-b"):
        with pytest.raises(argparse.ArgumentTypeError):
            span(wrong)


def test_times_are_the_days_own() -> None:
    """A picture's UTC is that of the camera's day, Beijing being eight hours ahead, and its seconds the day's."""
    script = script_of(1)
    time = capture_time(script, 8 * 3600.5)
    assert float(time.pts_s) == 28_804.0
    assert (time.utc - script.midnight).total_seconds() == 28_804.0
    assert script.midnight.hour == 16


def test_a_day_that_begins_at_midnight_is_warmed_up_too() -> None:
    """The minutes before midnight can be looked at; what counts begins at second 0."""
    script = bare(3)
    seen = watched(script, FlameDetector(), 0.0, 10.0, warm_up_s=20.0, view=View(script, SMALL))
    assert seen.patrol + seen.focus >= 5
    assert sum(seen.active_s.values()) == pytest.approx(10.0)


def test_a_run_that_is_terminated_ends_its_processes(tmp_path: Path) -> None:
    """They would otherwise watch on for hours that nobody keeps."""
    asked = ["--cameras", "1,2", "--hours", "3-4", "--processes", "2", "--json", str(tmp_path / "days.json")]
    with subprocess.Popen([sys.executable, "-m", "benchmarks.days", *asked], cwd=Path(__file__).parents[2]) as run:
        processes: dict[int, psutil.Process] = {}
        end = time.monotonic() + 60
        while len(processes) < 2 and time.monotonic() < end:
            processes |= {each.pid: each for each in psutil.Process(run.pid).children() if _watches(each)}
            time.sleep(0.1)
        run.terminate()
        assert run.wait(30) == 128 + 15

    assert len(processes) == 2
    _, left = psutil.wait_procs(processes.values(), timeout=20)
    assert not left


def _watches(process: psutil.Process) -> bool:
    """Whether a child is one that works, and not the tracker of what processes share."""
    try:
        return any("spawn_main" in word for word in process.cmdline())
    except psutil.NoSuchProcess:
        return False
