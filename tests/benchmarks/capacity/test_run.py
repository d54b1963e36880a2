from pathlib import Path

import pytest

from benchmarks.capacity.budget import Budget
from benchmarks.capacity.run import Asked, run
from benchmarks.rtsp_farm.clips import PATTERN, ClipSpec


@pytest.mark.e2e
def test_two_cameras_are_carried(tmp_path: Path) -> None:
    """Farm, site and worker run together: every key frame of two small cameras is analysed, once, and accounted for."""
    spec = ClipSpec(PATTERN, size_wh=(320, 240), gop_s=1.0, bit_rate=300_000)
    said: list[str] = []
    result = run(
        Asked(
            cameras=(2,),
            workers=2,
            seconds=4.0,
            settle_s=1.0,
            clips=(spec,),
            folder=tmp_path,
            model="emissions-n",
            settings={"stream.patrol_interval_s": 1.0},
            # A loaded machine may be late; that nothing is lost without a reason holds all the same.
            budget=Budget(median_s=4.0, p99_s=5.0, latency_p99_s=60.0),
        ),
        say=said.append,
    )
    (step,) = result.steps
    assert (step.cameras, step.playing, step.silent, step.unexplained) == (2, 2, 0, 0)
    assert 2 <= step.analysed + step.missed <= 12
    assert step.threads["camera"] > 0
    assert 0 < step.cores["worker"] < 2.5
    assert step.worker_mb > 100
    assert step.farm_mbit_s == pytest.approx(0.6, rel=0.5)
    assert (result.model, result.scenario.codec, result.scenario.size_wh) == ("emissions-n", "h264", (320, 240))
    assert result.scenario.workers == 2
    assert any("2 cameras: interval" in line for line in said)
