"""Scores of rendered events, look-alikes and faults, from leads that are written down here."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.accuracy.deciders import FIVE_IN_A_ROW, SHIPPED, ConfirmedLead, FaultTold, Watched, shipped_threshold
from benchmarks.accuracy.sequence import Seen, delays_s, false_leads
from benchmarks.clips.corpus import Clip, Event
from benchmarks.scene_bench.events import split_events
from benchmarks.scene_bench.result import PerDay, quantile
from benchmarks.scenes import CameraFault, LookAlike, Place, Scene, Weather
from vision.scene.health import PictureFault

KEY = (SHIPPED.name, shipped_threshold())
OTHER = (FIVE_IN_A_ROW.name, shipped_threshold())
SMOKY = Scene("smoky", 1, Place.WORKS, Weather.CLEAR, family="stack-smoke")
FOGGY = replace(SMOKY, name="foggy", family="fog", look_alike=LookAlike.FOG)
FROZEN = replace(SMOKY, name="frozen", family="fault", fault=CameraFault(PictureFault.FROZEN, 20.0))
SCENES = {scene.name: scene for scene in (SMOKY, FOGGY, FROZEN)}
SMOKE = Event(("smoke",), 6.0, 24.0, (100.0, 100.0, 300.0, 300.0))


def lead(confirmed_s: float, left: float = 120.0) -> ConfirmedLead:
    """Return a lead on smoke of 50 x 50 pixels."""
    return ConfirmedLead("smoke", confirmed_s - 2, confirmed_s, 0.6, (left, 120.0, left + 50, 170.0))


def seen(
    scene: Scene, *leads: ConfirmedLead, events: tuple[Event, ...] = (), faults: tuple[FaultTold, ...] = ()
) -> Seen:
    """Return a clip of 30 s with these leads of the shipped rules and none of another way to decide."""
    clip = Clip(Path(f"{scene.name}.mp4"), "0" * 64, events)
    return Seen(clip, Watched(30.0, 60, faults), {KEY: list(leads), OTHER: []})


def test_nothing_seen() -> None:
    """No scene, no figure: shares without a value, an unknown rate."""
    figures = split_events("develop", [], SCENES, [SHIPPED])

    assert (figures.confirmations[0].event_recall.value, figures.confirmations[0].false_leads.value) == (None, None)
    assert (figures.families, figures.look_alikes, figures.faults) == ({}, {}, None)


def test_an_event_is_found_by_its_first_lead() -> None:
    """The delay runs from the event's start to its first lead; a lead elsewhere tells of nothing."""
    elsewhere = lead(11.0, left=900.0)
    leads = [lead(12.0), lead(10.5), elsewhere]

    assert delays_s(leads, [SMOKE]) == [4.5]
    assert delays_s([], [SMOKE]) == [None]
    assert false_leads(leads, [SMOKE]) == [elsewhere]


def test_deciders_stand_beside_each_other() -> None:
    """Each way to decide has its recall, delays and false leads over the time in which nothing happens."""
    clips = [seen(SMOKY, lead(10.0), events=(SMOKE,)), seen(FOGGY, lead(9.0))]
    ours, other = split_events("develop", clips, SCENES, [SHIPPED, FIVE_IN_A_ROW]).confirmations

    assert (ours.event_recall.hits, ours.event_recall.count, ours.confirm_median_s, ours.confirm_p90_s) == (
        1,
        1,
        4.0,
        4.0,
    )
    assert (other.event_recall.hits, other.confirm_median_s) == (0, None)
    assert (ours.false_leads.count, other.false_leads.count) == (1, 0)
    assert ours.false_leads.hours == pytest.approx((30 - 23 + 30) / 3600, abs=1e-5)
    assert ours.scenes_with_false_leads.hits == 1


def test_false_leads_by_look_alike_and_recall_by_family() -> None:
    """Quiet scenes are counted under what they look like, events under their family."""
    clips = [seen(SMOKY, events=(SMOKE,)), seen(FOGGY, lead(9.0)), seen(FOGGY)]
    figures = split_events("held-out", clips, SCENES, [SHIPPED])

    assert {name: (share.hits, share.count) for name, share in figures.families.items()} == {"stack-smoke": (0, 1)}
    fog = figures.look_alikes["fog"]
    assert (fog.scenes_with_false_leads.hits, fog.scenes_with_false_leads.count, fog.false_leads.count) == (1, 2, 1)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((), (None, None, 0, 0)),
        ((FaultTold(PictureFault.FROZEN, 52.0),), (32.0, "frozen", 1, 1)),
        ((FaultTold(PictureFault.BLURRED, 30.0),), (10.0, "blurred", 1, 0)),
        ((FaultTold(PictureFault.FROZEN, 81.0),), (61.0, "frozen", 0, 0)),
        ((FaultTold(PictureFault.FROZEN, 5.0),), (None, None, 0, 0)),
    ],
)
def test_faults_are_told_in_time_and_by_name(
    told: tuple[FaultTold, ...], expected: tuple[float | None, str | None, int, int]
) -> None:
    """A fault counts where it is told within 60 s of its start; before it there was none to tell."""
    faults = split_events("develop", [seen(FROZEN, lead(40.0), faults=told)], SCENES, [SHIPPED]).faults

    assert faults is not None
    one = faults.faults["frozen"]
    assert (one.told_s, one.told_as, faults.told.hits, faults.named.hits) == expected
    assert (one.leads, faults.scenes_with_leads.hits) == (1, 1)


def test_faults_of_sound_cameras() -> None:
    """A fault told of a sound camera is named with its scene."""
    clips = [seen(FROZEN), seen(FOGGY, faults=(FaultTold(PictureFault.COVERED, 15.0),))]
    faults = split_events("develop", clips, SCENES, [SHIPPED]).faults

    assert faults is not None
    assert faults.false_faults == {"foggy": ["covered"]}


@pytest.mark.parametrize(
    ("count", "hours", "expected"),
    [(0, 0.0, (None, 0.0, None)), (0, 24.0, (0.0, 0.0, 3.68888)), (2, 12.0, (4.0, 0.48442, 14.44938))],
)
def test_rate_a_day(count: int, hours: float, expected: tuple[float | None, float, float | None]) -> None:
    """Leads a camera-day with the exact Poisson interval: none in a whole day still allows 3.7."""
    rate = PerDay.of(count, hours)
    assert (rate.value, rate.low, rate.high) == expected


@pytest.mark.parametrize(
    ("values", "expected"), [((), None), ((3.0,), 3.0), (tuple(range(1, 11)), 9), (tuple(range(1, 12)), 10)]
)
def test_quantile_is_one_of_the_values(values: tuple[float, ...], expected: float | None) -> None:
    """Nine of ten values do not exceed the quantile of 0.9."""
    assert quantile(values, 0.9) == expected
