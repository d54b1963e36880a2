"""Power cuts between confirmation and vault: the short run of the benchmark."""

from pathlib import Path

import pytest

from benchmarks.capacity.site import Site
from benchmarks.power_cuts.run import Cut, Trials

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def test_no_confirmed_lead_is_lost_or_filed_twice_whatever_is_killed(tmp_path: Path) -> None:
    """Worker and API are killed in turns; in the end nothing waits, and what is filed is there once and verifies."""
    made: list[Cut] = []
    with Site(tmp_path) as site:
        result = Trials(site, tmp_path, seed=3).run(8, lambda _, cut: made.append(cut))

    assert sum(result.hit.values()) == 8 <= len(made)
    assert result.holds, result.as_dict()
