"""The editor of zones in a real browser."""

import json
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Dialog, Locator, Page, Route, expect

from tests.api.conftest import NODE
from tests.api.wall.stage import StagedWorker
from tests.api.wall.test_finding import keep_picture

pytestmark = pytest.mark.e2e

SOURCE = "rtsp://10.0.0.7/1"
OUTLET = {
    "name": "1号烟囱",
    "kind": "outlet",
    "polygon": [[0.4, 0.3], [0.6, 0.3], [0.6, 0.7], [0.4, 0.7]],
    "owner": "91110000802100433B",
    "outlet": "DA001",
}
MASK = {"name": "居民楼", "kind": "mask", "polygon": [[0.02, 0.5], [0.2, 0.5], [0.2, 0.98], [0.02, 0.98]]}


def register(operator: httpx.Client, zones: list[dict[str, object]], camera: str = "gate-1") -> None:
    """Register a camera with zones."""
    document = {"id": camera, "name": "东门", "source": SOURCE, "zones": zones}
    assert operator.put(f"/v1/cameras/{camera}", json=document).status_code in {200, 201}


def open_editor(wall: Page, camera: str = "gate-1") -> Locator:
    """Open the editor from the camera's tile."""
    wall.locator(f'.tile[data-camera="{camera}"] .tile-zones').click()
    editor = wall.locator("dialog.zones")
    expect(editor).to_be_visible()
    return editor


def at(wall: Page, x: float, y: float) -> tuple[float, float]:
    """Return where a share of the picture lies on the screen."""
    box = wall.evaluate(
        """([x, y]) => {
          const node = document.querySelector(".zone-drawing");
          const { width, height } = node.viewBox.baseVal;
          const point = new DOMPoint(x * width, y * height).matrixTransform(node.getScreenCTM());
          return [point.x, point.y];
        }""",
        [x, y],
    )
    return box[0], box[1]


def saved(operator: httpx.Client) -> list[dict[str, object]]:
    """Return the zones as the API has them."""
    zones: list[dict[str, object]] = operator.get("/v1/cameras/gate-1/zones").json()["zones"]
    return zones


def test_a_zone_is_drawn_named_and_saved(wall: Page, operator: httpx.Client, complaints: list[str]) -> None:
    """Clicks make a polygon, an edge that would cross is refused in words, name and kind are kept, steps are undone."""
    register(operator, [])
    editor = open_editor(wall)
    expect(editor.locator(".zone-list")).to_have_text("还没有区域；未画区域时整幅画面都会分析。")
    editor.locator('[data-act="zones-draw"]').click()
    for x, y in ((0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.4, 0.1)):
        wall.mouse.click(*at(wall, x, y))
    expect(editor.locator(".zones-message")).to_have_text("这样会使边线交叉，已保持原样。")
    wall.mouse.click(*at(wall, 0.2, 0.6))
    wall.mouse.click(*at(wall, 0.2, 0.2))
    expect(editor.locator(".zone-shape")).to_have_count(1)
    expect(editor.locator("[data-field=name]")).to_be_focused()
    editor.locator("[data-field=name]").fill("1号烟囱")
    editor.locator("[data-field=kind]").select_option("outlet")
    expect(editor.locator(".zone-uses")).to_contain_text("V01 固定源烟气黑度超标")
    editor.locator("[data-field=owner]").fill("91110000802100433B")
    editor.locator("[data-field=outlet]").fill("DA001")
    wall.keyboard.press("Tab")
    expect(editor.locator("[data-field=grade_limit]")).to_be_focused()
    editor.locator("[data-field=violation_code]").select_option("V01_STACK_SMOKE")
    expect(editor.locator("#zones-title")).to_contain_text("（未保存）")
    editor.locator('[data-act="zones-undo"]').click()
    expect(editor.locator("[data-field=violation_code]")).to_have_value("")
    editor.locator('[data-act="zones-redo"]').click()
    editor.locator('[data-act="zones-save"]').click()
    expect(editor.locator(".zones-message")).to_have_text("已保存，分析节点随即采用。")
    (zone,) = saved(operator)
    assert (zone["name"], zone["kind"], zone["outlet"]) == ("1号烟囱", "outlet", "DA001")
    polygon = zone["polygon"]
    assert isinstance(polygon, list)
    assert [round(value, 2) for point in polygon for value in point] == [0.2, 0.2, 0.6, 0.2, 0.6, 0.6, 0.2, 0.6]
    assert complaints == []


def test_points_are_moved_inserted_and_taken_away(wall: Page, operator: httpx.Client, complaints: list[str]) -> None:
    """By dragging and by keyboard; what would make the edges cross is put back and said."""
    register(operator, [OUTLET])
    editor = open_editor(wall)
    expect(editor.locator(".zone-point")).to_have_count(4)
    wall.mouse.move(*at(wall, 0.4, 0.3))
    wall.mouse.down()
    wall.mouse.move(*at(wall, 0.9, 0.5), steps=3)
    expect(editor.locator(".zones-message")).to_have_text("边线不能交叉。")
    wall.mouse.up()
    expect(editor.locator(".zones-message")).to_have_text("这样会使边线交叉，已保持原样。")
    expect(editor.locator('[data-act="zones-save"]')).to_be_disabled()
    editor.locator('[data-point="1"]').focus()
    wall.keyboard.press("Shift+ArrowRight")
    wall.keyboard.press("Insert")
    expect(editor.locator(".zone-point")).to_have_count(5)
    editor.locator('[data-point="4"]').focus()
    wall.keyboard.press("Delete")
    expect(editor.locator(".zone-point")).to_have_count(4)
    wall.keyboard.press("Delete")
    wall.locator('[data-point="3"]').focus()
    wall.keyboard.press("Delete")
    wall.locator('[data-point="0"]').focus()
    wall.keyboard.press("Delete")
    expect(editor.locator(".zones-message")).to_have_text("至少需要 3 个顶点。")
    expect(editor.locator(".zone-point")).to_have_count(3)
    wall.keyboard.press("Control+z")
    expect(editor.locator(".zone-point")).to_have_count(4)
    editor.locator('[data-act="zones-save"]').click()
    expect(editor.locator(".zones-message")).to_have_text("已保存，分析节点随即采用。")
    polygon = saved(operator)[0]["polygon"]
    assert polygon == [[0.4, 0.3], [0.62, 0.3], [0.61, 0.5], [0.6, 0.7]]
    assert complaints == []


def test_what_is_not_saved_is_not_lost_unasked(wall: Page, operator: httpx.Client) -> None:
    """Leaving with changes asks; names that are missing or used twice keep it from being saved, and are said."""
    register(operator, [OUTLET, MASK])
    editor = open_editor(wall)
    editor.locator("[data-field=name]").fill("居民楼")
    editor.locator("[data-field=name]").blur()
    expect(editor.locator(".zone-choice").first).to_contain_text("名称重复。")
    expect(editor.locator("[data-field=name] + .field-fault")).to_have_text("名称重复。")
    expect(editor.locator('[data-act="zones-save"]')).to_be_disabled()
    asked: list[str] = []

    def stay(dialog: object) -> None:
        asked.append(getattr(dialog, "message"))  # noqa: B009  (a Playwright dialog)
        getattr(dialog, "dismiss")()  # noqa: B009

    wall.on("dialog", stay)
    editor.locator('[data-act="zones-close"]').click()
    expect(editor).to_be_visible()
    assert asked == ["区域有未保存的修改，确定离开吗？"]
    editor.locator('[data-act="zones-undo"]').click()
    editor.locator('[data-act="zones-close"]').click()
    expect(editor).to_be_hidden()
    assert len(asked) == 1


def hold(wall: Page, method: str, camera: str = "gate-1") -> list[Route]:
    """Let calls of a camera's zones wait until the test lets them go on."""
    held: list[Route] = []
    wall.route(
        f"**/{camera}/zones", lambda route: held.append(route) if route.request.method == method else route.continue_()
    )
    return held


def let_go(wall: Page, held: list[Route], camera: str = "gate-1") -> None:
    """Let the call that waits be answered, and the page take in the answer."""
    with wall.expect_response(f"**/{camera}/zones") as answered:
        held[-1].continue_()
    answered.value.finished()
    wall.wait_for_timeout(200)


def test_an_answer_that_comes_late_is_not_shown_under_another_camera(wall: Page, operator: httpx.Client) -> None:
    """The zones of a camera whose editor was closed while they were under way are not taken for those of the next."""
    register(operator, [OUTLET])
    register(operator, [MASK], "gate-2")
    held = hold(wall, "GET")
    editor = open_editor(wall)
    expect(editor.locator(".zones-message")).to_have_text("正在读取区域…")
    editor.locator('[data-act="zones-close"]').click()
    open_editor(wall, "gate-2")
    expect(editor.locator(".zone-choice")).to_contain_text("居民楼")
    let_go(wall, held)
    expect(editor.locator(".zone-choice")).to_contain_text("居民楼")


def test_what_is_changed_while_it_is_saved_stays(wall: Page, operator: httpx.Client, complaints: list[str]) -> None:
    """An edit made while the zones are under way to the server is neither lost nor taken for saved, and saves next."""
    register(operator, [OUTLET])
    editor = open_editor(wall)
    name = editor.locator("[data-field=name]")
    save = editor.locator('[data-act="zones-save"]')
    held = hold(wall, "PUT")
    name.fill("2号烟囱")
    name.blur()
    save.click()
    expect(save).to_be_disabled()
    name.fill("3号烟囱")
    name.blur()
    expect(save).to_be_disabled()
    let_go(wall, held)
    expect(editor.locator(".zones-message")).to_have_text("已保存点击保存时的内容；其后的修改尚未保存。")
    expect(name).to_have_value("3号烟囱")
    expect(editor.locator("#zones-title")).to_contain_text("（未保存）")
    assert saved(operator)[0]["name"] == "2号烟囱"
    wall.unroute("**/gate-1/zones")
    save.click()
    expect(editor.locator(".zones-message")).to_have_text("已保存，分析节点随即采用。")
    assert saved(operator)[0]["name"] == "3号烟囱"
    assert complaints == []


def test_what_the_server_refuses_is_said_at_its_field(wall: Page, operator: httpx.Client) -> None:
    """A refused value is told where it stands, in the zone that has it; owners of other zones are offered."""
    register(operator, [MASK, OUTLET])
    editor = open_editor(wall)
    expect(editor.locator("#zone-owners option")).to_have_attribute("value", "91110000802100433B")
    detail = {"type": "urn:plumewatch:problem:invalid-input", "detail": "not in the register"}
    errors = [{"where": "body.zones.1.owner", "reason": "not in the register"}]

    def refuse(route: Route) -> None:
        if route.request.method == "PUT":
            route.fulfill(
                status=422, content_type="application/problem+json", body=json.dumps(detail | {"errors": errors})
            )
        else:
            route.continue_()

    wall.route("**/zones", refuse)
    editor.locator("[data-field=name]").fill("居民区")
    editor.locator("[data-field=name]").blur()
    editor.locator('[data-act="zones-save"]').click()
    expect(editor.locator(".zone-choice[aria-pressed=true]")).to_contain_text("1号烟囱")
    expect(editor.locator("[data-field=owner] + .field-fault")).to_have_text("not in the register")
    editor.locator("[data-field=owner]").fill("示范热力")
    editor.locator("[data-field=owner]").blur()
    expect(editor.locator("[data-field=owner] + .field-fault")).to_be_empty()
    wall.unroute("**/zones")


def test_an_owner_that_no_register_knows_is_warned_of(
    wall: Page, operator: httpx.Client, stage: StagedWorker, square_clip: Path
) -> None:
    """The worker that watches says which owners it does not know; the editor says so at the zones that name them."""
    register(operator, [OUTLET, MASK])
    stage.add("gate-1", square_clip).told = {"unknown_owners": ["91110000802100433B"]}
    expect(wall.locator('.tile[data-camera="gate-1"][data-state="playing"]')).to_be_visible()
    editor = open_editor(wall)
    warning = editor.locator(".owner-unknown")
    expect(warning).to_have_text("名录中没有此单位：线索将注明“未在名录”，风险等级与正面清单不起作用。")
    editor.locator("[data-field=owner]").fill("示范热力")
    editor.locator("[data-field=owner]").blur()
    expect(warning).to_be_hidden()
    editor.locator(".zone-choice").nth(1).click()
    expect(warning).to_be_hidden()


def test_zones_of_a_file_are_shown_and_given_as_configuration(
    wall: Page, operator: httpx.Client, enrolled: httpx.Client, stage: StagedWorker
) -> None:
    """The editor says whose file holds them, saves nothing, and gives what was drawn as TOML; English too."""
    assert stage.cameras == {}
    document = {"id": "gate-1", "name": "东门", "source": SOURCE, "configured_by": NODE, "zones": [OUTLET, MASK]}
    assert enrolled.put("/v1/cameras/gate-1", json=document).status_code == 201
    editor = open_editor(wall)
    expect(editor.locator(".zones-where")).to_contain_text(f"分析节点 {NODE} 的配置文件中")
    expect(editor.locator('[data-act="zones-save"]')).to_be_hidden()
    wall.evaluate("() => Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    editor.locator('[data-act="zones-copy"]').click()
    text = editor.locator(".zones-toml").input_value()
    assert 'kind = "outlet"\npolygon = [[0.4, 0.3], [0.6, 0.3], [0.6, 0.7], [0.4, 0.7]]' in text
    keep_picture(wall, "zones-zh-1366")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    wall.on("dialog", stay)
    editor.locator('[data-act="zones-box"]').click()
    editor.locator('[data-act="zones-close"]').click()
    expect(editor).to_be_visible()
    assert asked == ["修改尚未复制为配置，离开后将丢失。确定离开吗？"]
    editor.locator('[data-act="zones-copy"]').click()
    editor.locator('[data-act="zones-close"]').click()
    expect(editor).not_to_be_visible()
    assert len(asked) == 1
    wall.get_by_role("button", name="EN").click()
    wall.set_viewport_size({"width": 1920, "height": 1080})
    open_editor(wall)
    expect(editor.locator("#zones-title")).to_have_text("Zones · 东门")
    keep_picture(wall, "zones-en-1920")
    assert len(saved(operator)) == 2
