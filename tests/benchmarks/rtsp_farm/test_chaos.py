import itertools

import pytest

from benchmarks.rtsp_farm.chaos import Chaos

CAMERAS = [f"cam-{number:03d}" for number in range(40)]


def test_nothing_is_planned_where_there_is_no_time() -> None:
    """An outage that would end after the last second is not planned."""
    assert Chaos(until_s=30.0, after_s=29.0).plan(CAMERAS) == []


def test_the_same_seed_gives_the_same_plan() -> None:
    """A plan is drawn from its seed alone."""
    assert Chaos(seed=3).plan(CAMERAS) == Chaos(seed=3).plan(CAMERAS)
    assert Chaos(seed=3).plan(CAMERAS) != Chaos(seed=4).plan(CAMERAS)


def test_a_tenth_is_out_most_of_the_time_and_no_camera_twice() -> None:
    """At most the share is out at once, on average most of it; a camera's outages never overlap; all is mended."""
    chaos = Chaos(seed=1)
    plan = chaos.plan(CAMERAS)
    assert plan == sorted(plan, key=lambda outage: outage.at_s)
    assert all(chaos.after_s <= each.at_s and each.at_s + each.for_s <= chaos.until_s for each in plan)
    out_s = sum(outage.for_s for outage in plan)
    assert 0.7 * 4 < out_s / (chaos.until_s - chaos.after_s) <= 4
    for second in range(0, 1800, 7):
        out = [outage.camera for outage in plan if outage.at_s <= second < outage.at_s + outage.for_s]
        assert len(out) <= 4
        assert len(out) == len(set(out))


@pytest.mark.parametrize("cameras", [1, 3])
def test_few_cameras_still_fail_one_at_a_time(cameras: int) -> None:
    """The share of a small farm is one camera."""
    plan = Chaos(seed=1).plan(CAMERAS[:cameras])
    assert plan
    for earlier, later in itertools.pairwise(plan):
        assert earlier.at_s + earlier.for_s <= later.at_s
