"""The warning across the wall before the vault is full, over a real API and a real vault."""

import asyncio
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from api.contract.evidence.tarball import write_tar
from api.evidence.capacity import RoomLevel
from api.evidence.retention import Retention
from api.evidence.scrub import scrub
from api.settings import Settings
from tests.api.conftest import Posting, RunningApi
from tests.api.contract.sample import TestSigner, make_package
from tests.api.wall.test_finding import keep_picture

pytestmark = pytest.mark.e2e

PACKAGES = 5.2
"""Sample packages that the vault takes: the third leaves less than half of it, the fifth less than a tenth."""


@pytest.fixture
def settings(tmp_path: Path, valkey_socket: Path, bus: object) -> Settings:
    """A small vault that warns by its share alone."""
    assert bus
    tar = BytesIO()
    write_tar(make_package(tmp_path / "measured", TestSigner()).folder, tar)
    return Settings(
        data_dir=tmp_path / "data",
        redis_url=f"unix://{valkey_socket}",
        port=0,
        vault_capacity_bytes=int(PACKAGES * len(tar.getvalue())),
        vault_warn_share=0.5,
        vault_warn_days=0.001,
    )


async def ring(api: RunningApi) -> None:
    """Tell the walls that there are events."""
    await api.state.broker.ring()


def file_until(level: RoomLevel, api: RunningApi, enrolled: httpx.Client, make_posting: Callable[..., Posting]) -> None:
    """File leads, each followed by the keeper's look, until the room is so short."""
    for _ in range(20):
        if Retention(api.state).look():
            asyncio.run_coroutine_threadsafe(ring(api), api.loop).result(10)
        found = api.state.room.found
        assert found is not None
        if found.level is level:
            return
        posting = make_posting(f"L20261123-{found.stock.packages + 1:06d}")
        assert posting.send(enrolled).status_code == 201
    raise AssertionError(found)


def test_the_wall_warns_before_the_vault_is_full(
    api: RunningApi,
    enrolled: httpx.Client,
    make_posting: Callable[..., Posting],
    wall: Page,
    complaints: list[str],
) -> None:
    """Nothing with ample room; a warning, which can be put away, while leads still come in; critical, which stays."""
    banner = wall.locator(".room-banner")
    expect(banner).to_be_hidden()
    file_until(RoomLevel.WARNING, api, enrolled, make_posting)
    expect(banner).to_be_visible()
    expect(banner).to_contain_text("证据库空间不足：剩余")
    expect(banner).to_contain_text("存满。没有到期可清理的证据包，请扩容。")
    keep_picture(wall, "room-warning-zh-1366")
    banner.get_by_role("button", name="知道了").click()
    expect(banner).to_be_hidden()
    file_until(RoomLevel.CRITICAL, api, enrolled, make_posting)
    expect(banner).to_contain_text("证据库即将存满")
    expect(banner).to_contain_text("线索留在分析节点")
    expect(banner.get_by_role("button")).to_be_hidden()
    keep_picture(wall, "room-critical-zh-1366")
    wall.get_by_role("button", name="EN").click()
    expect(banner).to_contain_text("The evidence vault is almost full")
    wall.locator('[data-act="coverage"]').click()
    expect(wall.locator(".vault")).to_contain_text("packages")
    keep_picture(wall, "room-critical-en-1366")
    assert complaints == []


def test_the_system_panel_tells_what_the_newest_scrub_found(
    api: RunningApi,
    enrolled: httpx.Client,
    make_posting: Callable[..., Posting],
    wall: Page,
    complaints: list[str],
) -> None:
    """That there was none, that all was sound, and how many faults of what, each with its time; in both languages."""
    posting = make_posting()
    assert posting.send(enrolled).status_code == 201
    assert posting.lead.evidence is not None
    line = wall.locator(".vault .scrub")
    opener = wall.locator('[data-act="coverage"]')

    def look() -> None:
        wall.reload()
        opener.click()

    look()
    expect(line).to_have_text("尚未做过完整性巡检")
    assert scrub(api.state.database, api.state.vault).is_sound
    look()
    expect(line).to_have_text(re.compile(r"^完整性巡检 \d\d:\d\d:\d\d：无异常$"))
    sums = posting.lead.evidence.sums_sha256
    clip = api.settings.data_dir / "vault" / sums[:2] / sums / "clip.mp4"
    clip.chmod(0o640)
    clip.write_bytes(b"rotten")
    assert scrub(api.state.database, api.state.vault).fault_count == 1
    look()
    expect(line).to_contain_text("发现 1 处异常：证据文件 1，保管链 0，其他记录 0。")
    expect(line).to_have_attribute("data-level", "critical")
    keep_picture(wall, "scrub-zh-1366")
    wall.keyboard.press("Escape")
    wall.get_by_role("button", name="EN").click()
    opener.click()
    expect(line).to_contain_text(": 1 (files 1, custody 0, other records 0).")
    assert complaints == []
