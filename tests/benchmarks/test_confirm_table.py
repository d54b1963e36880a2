"""The confirmation table: every variant sees the same boxes."""

from pathlib import Path

from benchmarks.confirm_table import VARIANTS, score
from tests.vision.films import BrightBoxDetector, plume_film


def test_a_film_is_scored_by_every_variant(tmp_path: Path) -> None:
    """A plume of confidence 0.75 from 3 s on: confirmed 1.5 s later, margin 0.75; the baseline needs five pictures."""
    results = score(plume_film(tmp_path / "plume.mp4"), BrightBoxDetector(), fps=2)

    assert {variant.name for variant in VARIANTS} == set(results)
    ours, baseline = results["default"], results["5 consecutive"]
    assert (ours.first_s, ours.confirmed_s, ours.leads, ours.margin) == (3.0, 4.5, 1, 0.75)
    assert baseline.confirmed_s == 5.0
