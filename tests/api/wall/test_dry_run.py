"""Draft zones tried from the editor, in a real browser: what the worker says is played by the test."""

import time
from datetime import UTC, datetime
from pathlib import Path

import cv2
import httpx
import pytest
import redis
from playwright.sync_api import Page, expect

from api.contract import bus as keys
from api.contract.dry_run import DryRunFault, DryRunLead, DryRunOrder, DryRunReport, DryRunSource, DryRunState
from api.contract.health import WorkerHealth
from api.contract.wire.camera_health import CameraHealth, CameraState
from tests.api.conftest import NODE
from tests.api.wall.leads import judged_lead
from tests.api.wall.stage import square_left, square_picture
from tests.api.wall.test_finding import keep_picture
from tests.api.wall.test_zones import OUTLET, open_editor, register

pytestmark = pytest.mark.e2e

PICTURE_S = 3.0


class PlayedWorker:
    """A worker's side of the bus, word by word."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        now = datetime.now(UTC)
        client.set(
            keys.vitals_key(NODE), WorkerHealth(worker=NODE, started=now, reported=now, cpus=2).model_dump_json()
        )
        health = CameraHealth(camera_id="gate-1", state=CameraState.PLAYING, worker=NODE, since=now, reported=now)
        client.set(keys.state_key("gate-1"), health.model_dump_json())

    def take_order(self) -> DryRunOrder:
        """Return the order that waits, within 10 s."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            taken = self._redis.lpop(keys.dry_runs_key(NODE))
            if isinstance(taken, bytes):
                return DryRunOrder.model_validate_json(
                    self._redis.hget(keys.dry_run_key(taken.decode()), "order") or b""
                )
            time.sleep(0.05)
        raise AssertionError("no order came")

    def say(self, order: DryRunOrder, report: DryRunReport) -> None:
        """Write a report; a picture for each lead that has one."""
        _, jpeg = cv2.imencode(".jpg", square_picture(PICTURE_S))
        pictures = {keys.dry_run_picture(n): bytes(jpeg) for n, lead in enumerate(report.leads) if lead.has_picture}
        self._redis.hset(keys.dry_run_key(order.id), mapping={"report": report.model_dump_json(), **pictures})

    def end(self, order: DryRunOrder) -> None:
        """Give the turn back."""
        assert self._redis.get(keys.dry_run_turn_key(NODE)) == order.id.encode()
        self._redis.delete(keys.dry_run_turn_key(NODE))

    def knows(self, order: DryRunOrder) -> bool:
        """True while the run is wanted."""
        return bool(self._redis.exists(keys.dry_run_key(order.id)))


@pytest.fixture
def played(bus: redis.Redis, wall: Page) -> PlayedWorker:
    """A worker that watches the camera; `wall` is there first."""
    assert wall
    return PlayedWorker(bus)


def one_lead() -> DryRunLead:
    """A lead at the square of the picture, whose source is twice as large as the picture."""
    left = 2 * square_left(PICTURE_S)
    lead = judged_lead(peak_xyxy=(left, 300.0, left + 120, 420.0))
    return DryRunLead(first_s=12.5, confirmed_s=16.0, last_s=38.25, peak_s=21.5, has_picture=True, lead=lead)


def test_a_draft_is_tried_on_the_last_seconds_and_its_leads_are_looked_at(
    wall: Page, operator: httpx.Client, played: PlayedWorker, complaints: list[str]
) -> None:
    """Progress, then each lead with rule, time, zone, owner; its picture with the box; a change makes it stale."""
    register(operator, [OUTLET])
    editor = open_editor(wall)
    editor.locator('[data-act="dryrun-recent"]').click()
    order = played.take_order()
    assert (order.source, [zone.name for zone in order.zones], order.camera.source) == (
        DryRunSource.RECENT,
        ["1号烟囱"],
        "",
    )
    expect(editor.locator(".dryrun-message")).to_have_text(f"等待分析节点 {NODE}…")
    running = DryRunReport(state=DryRunState.RUNNING, worker=NODE, analysed_s=20.0, duration_s=40.0)
    played.say(order, running)
    expect(editor.locator(".dryrun-message")).to_have_text("已分析 20 秒，0 条线索…")
    expect(editor.locator(".dryrun progress")).to_have_js_property("value", 0.5)
    done = running.model_copy(
        update={"state": DryRunState.DONE, "analysed_s": 40.0, "width": 1280, "height": 720, "leads": [one_lead()]}
    )
    played.say(order, done)
    played.end(order)
    expect(editor.locator(".dryrun-message")).to_have_text("40 秒录像会产生 1 条线索。")
    lead = editor.locator(".dryrun-lead")
    expect(lead).to_contain_text("12.5–38.3 秒，16 秒确认")
    expect(lead).to_contain_text("1号排放口 · 北京通州示范热力有限公司")
    lead.click()
    mark = editor.locator("rect.mark")
    expect(mark).to_have_attribute("width", "60", timeout=20_000)
    assert mark.get_attribute("x") == str(square_left(PICTURE_S)).removesuffix(".0")
    expect(editor.locator(".zones-foot .note")).to_have_text("录像第 21.5 秒")
    keep_picture(wall, "dryrun-zh-1366")
    editor.locator("[data-field=name]").fill("2号烟囱")
    editor.locator("[data-field=name]").blur()
    expect(editor.locator(".dryrun-stale")).to_be_visible()
    editor.locator('[data-act="dryrun-back"]').click()
    expect(mark).to_have_count(0)
    editor.locator('[data-act="zones-undo"]').click()
    editor.locator('[data-act="zones-close"]').click()
    expect(editor).to_be_hidden()
    deadline = time.monotonic() + 5
    while played.knows(order) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not played.knows(order)
    assert complaints == []


def test_a_draft_is_tried_on_a_file_and_faults_are_said(
    wall: Page, operator: httpx.Client, played: PlayedWorker, square_clip: Path
) -> None:
    """The file's name while it is sent; a run can be stopped; what the worker could not do is told in words."""
    register(operator, [])
    editor = open_editor(wall)
    editor.locator("[data-field=clip]").set_input_files(square_clip)
    first = played.take_order()
    assert first.source is DryRunSource.UPLOAD
    expect(editor.locator('[data-act="dryrun-recent"]')).to_be_disabled()
    editor.locator('[data-act="dryrun-stop"]').click()
    expect(editor.locator('[data-act="dryrun-recent"]')).to_be_enabled()
    editor.locator("[data-field=clip]").set_input_files(square_clip)
    second = played.take_order()
    assert not played.knows(first)
    played.say(
        second, DryRunReport(state=DryRunState.FAILED, worker=NODE, fault=DryRunFault.NO_VIDEO, detail="holds no video")
    )
    expect(editor.locator(".dryrun-message")).to_have_text("这个文件不是可读的视频：holds no video")
    editor.locator('[data-act="dryrun-recent"]').click()
    expect(editor.locator(".dryrun-message")).to_have_text("分析节点正在做另一个试运行，请稍后再试。")


@pytest.mark.parametrize("slow", ["POST", "DELETE"])
def test_a_run_that_is_stopped_makes_way_for_the_next(
    wall: Page, operator: httpx.Client, played: PlayedWorker, square_clip: Path, slow: str
) -> None:
    """Though its number is not known yet when it is stopped, or the server takes its time to call it off."""
    register(operator, [])
    editor = open_editor(wall)
    wall.evaluate(
        """(slow) => {
          const [ask, pause] = [window.fetch, () => new Promise((done) => setTimeout(done, 1000))];
          window.fetch = async (address, how) => {
            if (how?.method !== slow) return ask(address, how);
            if (slow === "DELETE") await pause();
            const answer = await ask(address, how);
            if (slow === "POST") await pause();
            return answer;
          };
        }""",
        slow,
    )
    editor.locator("[data-field=clip]").set_input_files(square_clip)
    first = played.take_order()
    if slow == "DELETE":  # by then the page knows the number
        expect(editor.locator(".dryrun-message")).not_to_contain_text(square_clip.name)
    editor.locator('[data-act="dryrun-stop"]').click()
    editor.locator("[data-field=clip]").set_input_files(square_clip)

    assert played.take_order().id != first.id
    assert not played.knows(first)


def test_a_draft_is_tried_on_the_last_hour(
    wall: Page, operator: httpx.Client, played: PlayedWorker, complaints: list[str]
) -> None:
    """What is covered is said; a lead is told with its time of day, its box drawn where it was."""
    register(operator, [OUTLET])
    editor = open_editor(wall)
    expect(editor.locator(".dryrun .note").first).to_contain_text("近一小时：按已识别的框和已有读数重判，不含画面")
    editor.locator('[data-act="dryrun-hour"]').click()
    order = played.take_order()
    assert order.source is DryRunSource.HOUR
    found = one_lead().model_copy(update={"has_picture": False})
    done = DryRunReport(state=DryRunState.DONE, worker=NODE, analysed_s=3540.0, duration_s=3540.0, looks=1770)
    played.say(order, done.model_copy(update={"width": 1280, "height": 720, "leads": [found]}))
    expect(editor.locator(".dryrun-message")).to_have_text("近 59 分钟的 1770 次分析会产生 1 条线索。")
    editor.locator(".dryrun-lead").click()
    expect(editor.locator(".zones-foot .note")).to_contain_text("画在实时画面上（不留存画面）")
    keep_picture(wall, "dryrun-hour-zh")
    assert complaints == []
