"""A camera's budget of false leads on its page: what it is set to, what that costs, what it is reckoned from."""

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.api.wall.stage import StagedWorker
from tests.api.wall.test_finding import keep_picture

pytestmark = pytest.mark.e2e

BUDGET = {
    "most_a_day": 2,
    "scale": "confidence",
    "probability": 0.46,
    "fitted_probability": 0.3,
    "days": 1.75,
    "expected_false_a_day": 2.4,
    "expected_recall": 0.83,
    "expected_delay_s": 4.5,
    "verified": 3,
    "rejected": 2,
    "unwatched": 2,
    "rejected_elsewhere": 1,
    "history": [
        {"day": "2026-11-26", "watched_s": 86400, "tracks": 4, "verified": 3, "rejected": 1},
        {"day": "2026-11-27", "watched_s": 64800, "tracks": 2, "verified": 0, "rejected": 1},
    ],
}


def test_the_budget_shows_its_price_and_its_grounds(
    stage: StagedWorker, square_clip: Path, wall: Page, operator: httpx.Client, complaints: list[str]
) -> None:
    """Value, expected false leads, recall and delay, what reviewers decided, and the days, newest first."""
    assert operator.put("/v1/cameras/gate", json={"id": "gate", "name": "东门", "source": "rtsp://h/1"}).is_success
    stage.add("gate", square_clip).told = {"watch_mode": "patrol", "analysed_interval_s": 2.0, "budget": BUDGET}
    opener = wall.locator('.tile[data-camera="gate"] .tile-watch')
    opener.click()
    budget = wall.locator(".camera-budget")
    for words in (
        "报线索的置信度阈值0.46（无预算时 0.3）",
        "预计检出率83%",
        "预计确认时间4.5 秒",
        "人工审核属实 3 条，误报 2 条",
        "其中 2 条线索确认时，记录尚未开始或已中断",
        "另有 1 条误报来自按区域和读数判断的规则",
    ):
        expect(budget).to_contain_text(words)
    expect(budget.locator('dd[data-tone="bad"]')).to_have_text("2.4 次/天")
    expect(budget.locator("tbody tr").first).to_have_text("11-2718 小时201")
    keep_picture(wall, "budget-zh")
    wall.keyboard.press("Escape")
    wall.get_by_role("button", name="EN").click()
    opener.click()
    expect(budget).to_contain_text("Confidence threshold0.46 (0.3 without a budget)")
    expect(budget.locator("tbody tr").last).to_have_text("11-2624 h431")
    keep_picture(wall, "budget-en")
    assert complaints == []
