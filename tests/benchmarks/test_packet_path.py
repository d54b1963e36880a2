from pathlib import Path

from benchmarks.packet_path import measure
from tests.streams.media import make_clip


def test_every_stage_costs_something_and_demuxing_is_part_of_the_source(tmp_path: Path) -> None:
    """A clip's packets are counted; the source costs more than its demuxing, the cores follow from the sum."""
    costs = measure(make_clip(tmp_path / "clip.mp4", seconds=4), rounds=1)
    assert costs.packets == 100
    assert min(costs.demux_us, costs.source_us, costs.ring_us, costs.runner_us) > 0
    assert costs.cores == (costs.source_us + costs.runner_us) * 2500 / 1e6
    assert "100 packets" in costs.as_text()
