"""The register of a worker: lists by their days."""

from datetime import date

import pytest

from vision.config.enterprises import PositiveListConfig


@pytest.mark.parametrize(
    ("day", "holds"),
    [(date(2026, 6, 30), False), (date(2026, 7, 1), True), (date(2026, 12, 31), True), (date(2027, 1, 1), False)],
)
def test_a_listing_holds_on_its_days(day: date, holds: bool) -> None:
    """First and last day included."""
    listing = PositiveListConfig.model_validate({"from": "2026-07-01", "to": "2026-12-31"})
    assert listing.holds(day) is holds
