"""The health benchmark: what counts as told, as named and as a wrong word, and films looked at in both ways."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import pytest

from benchmarks import frozen
from benchmarks.frozen import FROZEN_CASES, write_case
from benchmarks.health import Seen, Told, look_at, report

FROZEN = Seen("film", "faults, develop", "focus", "frozen", 20.0, 70.0, ())


@pytest.mark.parametrize(
    ("told", "after_s", "is_named", "wrong"),
    [
        ((), None, False, 0),
        ((Told("frozen", 52.0),), 32.0, True, 0),
        ((Told("blurred", 31.0), Told("frozen", 52.0)), 11.0, True, 0),
        ((Told("frozen", 81.0),), 61.0, False, 0),
        ((Told("moved", 12.0), Told("frozen", 52.0)), 32.0, True, 1),
    ],
)
def test_what_counts(told: tuple[Told, ...], after_s: float | None, wrong: int, *, is_named: bool) -> None:
    """The first word after the fault counts, any within a minute for the name; what came before is wrong."""
    seen = replace(FROZEN, told=told)
    assert (seen.after_s, seen.is_named, len(seen.wrong)) == (after_s, is_named, wrong)


def test_the_report_keeps_ways_apart_and_counts_sound_time() -> None:
    """A fault told in time, one told late and a sound film with a wrong word, in focus; nothing told on patrol."""
    told = (Told("frozen", 52.0),)
    seen = [
        replace(FROZEN, told=told),
        replace(FROZEN, told=(Told("frozen", 85.0),)),
        replace(FROZEN, way="patrol"),
        Seen("quiet", "clips", "focus", "", 0.0, 90.0, told),
    ]
    figures = report(seen)
    focus, patrol = figures["faults, develop, focus"], figures["faults, develop, patrol"]
    assert isinstance(focus, dict)
    assert isinstance(patrol, dict)
    assert (focus["told"]["hits"], focus["told"]["count"], focus["slowest_s"], focus["sound_s"]) == (1, 2, 32.0, 40.0)
    assert (patrol["told"]["hits"], patrol["slowest_s"]) == (0, None)
    clips = figures["clips, focus"]
    assert isinstance(clips, dict)
    assert (clips["told"], clips["told_of_sound"], clips["sound_s"]) == (None, 1, 90.0)


def test_a_still_lives_by_its_grain_and_then_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short film of a case: its pictures differ until it freezes, and both ways of looking read it to its end."""
    for name, value in (("FREEZE_S", 2.0), ("SECONDS", 5.0), ("WH", (320, 180))):
        monkeypatch.setattr(frozen, name, value)
    frozen._place.cache_clear()
    path = write_case(FROZEN_CASES[0], tmp_path / "film.mp4")
    frozen._place.cache_clear()
    with av.open(str(path)) as container:
        levels = [picture.to_ndarray(format="gray").astype(int) for picture in container.decode(video=0)]
    changes = [abs(after - before).mean() for before, after in pairwise(levels)]
    assert min(changes[:9]) > 3 * changes[12]
    assert [look_at(path, way) for way in ("focus", "patrol")] == [(4.6, ()), (4.0, ())]
