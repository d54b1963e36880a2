"""Stretch: some hours of one camera's day, watched and held against what was planted in it."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import cv2

from benchmarks.accuracy.deciders import ConfirmedLead
from benchmarks.accuracy.sequence import quiet_s, told_event
from benchmarks.clips.corpus import Event
from benchmarks.days.light import Daylight
from benchmarks.days.result import EventSeen, FalseLead, FaultTold, Stretch, clock
from benchmarks.days.script import Script, script_of
from benchmarks.days.view import SIZE_WH, View
from benchmarks.days.wander import HOUR_S, strongest
from benchmarks.days.watch import Restart, Seen, Told, drawn, watched
from models.detector import Detector

_NOWHERE = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Part:
    """What to watch: a camera, from when to when in seconds of its day, and whether it is begun anew there."""

    camera: int
    start_s: float
    end_s: float
    restart: Restart = Restart.NONE


Far = Callable[[float, int, int], None]
"""Called with the second of the day, pictures looked at and leads told so far."""


def watch_part(
    part: Part,
    detector: Detector,
    pictures: Path | None = None,
    far: Far | None = None,
    size_wh: tuple[int, int] = SIZE_WH,
) -> Stretch:
    """Watch a part and return what came of it; pictures of mistakes go into a folder where one is given."""
    script = script_of(part.camera)
    view = View(script, size_wh)
    step = None if far is None else lambda time_s, seen: far(time_s, seen.patrol + seen.focus, len(seen.told))
    seen = watched(script, detector, part.start_s, part.end_s, step=step, view=view, restart=part.restart)
    return judged(script, seen, view.daylight, pictures)


def judged(script: Script, seen: Seen, daylight: Daylight, pictures: Path | None) -> Stretch:
    """Return the stretch, each lead held against the planted events."""
    numbers = [
        number for number, one in enumerate(script.planted) if seen.start_s <= one.start_s and one.end_s <= seen.end_s
    ]
    events = [
        Event(
            script.planted[n].classes, script.planted[n].start_s, script.planted[n].end_s, seen.boxes.get(n, _NOWHERE)
        )
        for n in numbers
    ]
    told = [(each, told_event(_confirmed(each), events)) for each in seen.told]
    merged = [told_event(_confirmed(each), events) for each in seen.merged]
    found: list[EventSeen] = []
    for index, number in enumerate(numbers):
        event = script.planted[number]
        at = [each.time_s for each, which in told if which == index]
        found.append(
            EventSeen(
                name=event.name,
                start_s=event.start_s,
                end_s=event.end_s,
                sky=_sky(script, event.start_s),
                confirmed_s=min(at) - event.start_s if at else None,
                is_merged=not at and index in merged,
            )
        )
        if not at and pictures is not None and number in seen.stills:
            name = f"{_name(script, event.start_s)}-missed-{event.name.replace(' ', '-').replace('%', '')}.png"
            image = drawn(seen.stills[number], seen.boxes.get(number), is_miss=True)
            cv2.imwrite(str(pictures / name), image)
    wrong = [_false_lead(script, each, daylight, pictures) for each, which in told if which is None]
    shifted = [Event(e.classes, e.start_s - seen.start_s, e.end_s - seen.start_s) for e in events]
    sky_h, light_h = _coverage(script, seen, daylight)
    return Stretch(
        camera=script.number,
        place=script.place.value,
        date=f"{script.midnight + timedelta(hours=8):%Y-%m-%d}",
        has_zones=script.eye.has_zones,
        start_s=seen.start_s,
        end_s=seen.end_s,
        quiet_h=quiet_s(shifted, seen.end_s - seen.start_s) / HOUR_S,
        patrol=seen.patrol,
        focus=seen.focus,
        focus_s=seen.focus_s,
        false_leads=tuple(wrong),
        early=sum(told_event(_confirmed(each), _events_before(script, seen)) is None for each in seen.early),
        merged=sum(which is None for which in merged),
        events=tuple(found),
        active_h={kind.value: lasted_s / HOUR_S for kind, lasted_s in sorted(seen.active_s.items())},
        sky_h=sky_h,
        light_h=light_h,
        faults=tuple(FaultTold(kind=k.value, time_s=at_s, lasted_s=lasted_s) for k, at_s, lasted_s in seen.faults),
        cost_s={
            "render": seen.spent.render_s,
            "detect": seen.spent.detect_s,
            "analyse": seen.spent.analyse_s,
            "all": seen.spent.render_s + seen.spent.detect_s + seen.spent.analyse_s,
        },
    )


def _events_before(script: Script, seen: Seen) -> list[Event]:
    """Return the planted events that a warm-up may have seen; nobody noted where they are."""
    return [Event(one.classes, one.start_s, one.end_s) for one in script.planted if one.start_s < seen.start_s]


def _confirmed(told: Told) -> ConfirmedLead:
    peak = told.lead.peak
    return ConfirmedLead(peak.class_name, told.first_s, told.time_s, peak.confidence, peak.xyxy)


def _false_lead(script: Script, told: Told, daylight: Daylight, pictures: Path | None) -> FalseLead:
    lead, time_s = told.lead, told.time_s
    name = None
    if pictures is not None:
        name = f"{_name(script, time_s)}-false-{lead.peak.class_name}.png"
        image = drawn(told.image, lead.peak.xyxy, is_miss=False)
        cv2.imwrite(str(pictures / name), image)
    before = [time_s - event.end_s for event in script.planted if event.start_s <= time_s]
    return FalseLead(
        time=clock(time_s),
        time_s=time_s,
        sky=_sky(script, time_s),
        light=_light(daylight.elevation_deg(time_s)),
        active=tuple(sorted(kind.value for kind in told.active)),
        class_name=lead.peak.class_name,
        rule=lead.rule_id,
        violation=lead.violation_code,
        probability=lead.probability,
        confidence=lead.peak.confidence,
        xyxy=lead.peak.xyxy,
        after_event_s=min(before) if before else None,
        picture=name,
    )


def _name(script: Script, time_s: float) -> str:
    return f"camera-{script.number:02d}-{clock(time_s).replace(':', '')}"


def _sky(script: Script, time_s: float) -> str:
    """Return the weather of a second of the day in a word."""
    if strongest(script.showers, time_s) > 0.1:
        return "rain"
    if strongest(script.fogs, time_s) > 0.1:
        return "fog"
    shares = script.sky(time_s)
    return max(shares, key=lambda weather: shares[weather]).value


def _light(elevation_deg: float) -> str:
    """Return whether it is day, twilight (the sun from 8 degrees below the horizon to 5 above) or night."""
    if elevation_deg > 5:
        return "day"
    return "twilight" if elevation_deg > -8 else "night"


def _coverage(script: Script, seen: Seen, daylight: Daylight) -> tuple[dict[str, float], dict[str, float]]:
    """Return the hours under each kind of sky and light, minute by minute."""
    sky: dict[str, float] = defaultdict(float)
    light: dict[str, float] = defaultdict(float)
    time_s = seen.start_s
    while time_s < seen.end_s:
        lasts_h = min(60.0, seen.end_s - time_s) / HOUR_S
        sky[_sky(script, time_s)] += lasts_h
        light[_light(daylight.elevation_deg(time_s))] += lasts_h
        time_s += 60.0
    return dict(sorted(sky.items())), dict(sorted(light.items()))
