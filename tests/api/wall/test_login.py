"""Logging in, the first password, the languages."""

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from api.people.accounts import ensure_first_operator
from tests.api.conftest import PASSWORD, RunningApi

pytestmark = pytest.mark.e2e


def test_first_login_changes_the_password(new_page: Callable[[], Page], api: RunningApi, complaints: list[str]) -> None:
    """A wrong password is refused in words; the one-time password must be replaced before the wall is shown."""
    first = ensure_first_operator(api.settings)
    assert first is not None
    page = new_page()
    page.goto(api.url)
    page.fill("[name=username]", first.username)
    page.fill("[name=password]", "not-the-password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("用户名或密码不正确。")
    page.fill("[name=password]", first.password)
    page.keyboard.press("Enter")
    page.fill("[name=new]", "short")
    page.fill("[name=repeat]", "short")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("至少需要 10 位")
    page.fill("[name=new]", PASSWORD)
    page.fill("[name=repeat]", PASSWORD + "!")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("两次输入的新密码不一致。")
    assert page.locator(".wall").count() == 0
    page.fill("[name=repeat]", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".wall")).to_be_visible()
    expect(page.locator(".bar-link")).to_have_text("实时")
    page.get_by_role("button", name="退出登录").click()
    page.fill("[name=username]", first.username)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".wall")).to_be_visible()
    assert complaints == []


def test_a_login_says_what_is_missing_and_how_long_to_wait(new_page: Callable[[], Page], api: RunningApi) -> None:
    """What was left empty costs no attempt; whoever has tried too often is told when he may again."""
    page = new_page()
    page.goto(api.url)
    page.fill("[name=username]", "admin")
    said, button = page.get_by_role("alert"), page.get_by_role("button", name="登录")
    for _ in range(api.settings.login_attempts):
        page.fill("[name=password]", "")
        page.keyboard.press("Enter")
        expect(said).to_have_text("请输入用户名和密码。")
        expect(page.locator("[name=password]")).to_be_focused()
        page.fill("[name=password]", "not-the-password")
        page.keyboard.press("Enter")
        expect(said).to_have_text("用户名或密码不正确。")
        expect(button).to_be_enabled()
    page.fill("[name=password]", "not-the-password")
    page.keyboard.press("Enter")
    expect(said).to_have_text("尝试次数过多，请 5 分钟后再试。")


def test_an_ended_session_asks_for_the_login(wall: Page, operator: httpx.Client) -> None:
    """A wall whose session was ended elsewhere goes back to the login and says why."""
    assert operator.delete("/v1/session").status_code == 204
    expect(wall.get_by_role("alert")).to_have_text("登录已过期，请重新登录。", timeout=15_000)
    assert wall.locator(".wall").count() == 0


def test_a_logout_that_failed_does_not_look_done(wall: Page, operator: httpx.Client) -> None:
    """Without the server the wall stays and says that the session goes on; with it, the button ends the session."""
    leave = wall.get_by_role("button", name="退出登录")
    wall.clock.install()
    wall.route("**/v1/session", lambda route: route.abort())
    leave.click()
    expect(wall.locator(".bar-fault")).to_have_text("未能退出登录，会话仍然有效：无法连接服务器，请检查网络。")
    expect(wall.locator(".wall")).to_be_visible()
    wall.clock.fast_forward(15_000)
    expect(wall.locator(".bar-fault")).to_be_hidden()
    assert operator.get("/v1/session").status_code == 200
    wall.unroute("**/v1/session")
    leave.click()
    expect(wall.locator("[name=username]")).to_be_visible()
    assert operator.get("/v1/session").status_code == 401


def test_language_is_switched_in_place_and_kept(wall: Page, complaints: list[str]) -> None:
    """Chinese comes first; English is one click away, changes what is shown, and is still there after a reload."""
    expect(wall.locator(".queue h2")).to_contain_text("线索")
    expect(wall.locator(".queue .empty strong")).to_have_text("暂无线索")
    wall.get_by_role("button", name="EN").click()
    expect(wall.locator(".queue h2")).to_contain_text("Leads")
    expect(wall.locator(".queue .empty strong")).to_have_text("No leads")
    assert wall.title() == "Plumewatch"
    wall.reload()
    expect(wall.locator(".queue h2")).to_contain_text("Leads")
    assert wall.locator("html").get_attribute("lang") == "en"
    assert complaints == []


def test_the_policy_refuses_foreign_code(wall: Page) -> None:
    """The page's policy stops inline scripts, inline styles and eval, so that nothing injected could run."""
    refused = wall.evaluate(
        """async () => {
          const seen = [];
          document.addEventListener("securitypolicyviolation", (event) => seen.push(event.effectiveDirective));
          const script = document.createElement("script");
          script.textContent = "window.injected = true";
          document.body.append(script);
          const box = document.createElement("div");
          box.setAttribute("style", "color: red");
          let evaluated = false;
          // not within the debugger's own call, which may evaluate anything
          setTimeout(() => { try { evaluated = eval("true"); } catch { evaluated = false; } }, 50);
          await new Promise((resolve) => setTimeout(resolve, 300));
          return { seen, injected: window.injected === true, evaluated };
        }"""
    )
    assert refused["injected"] is False
    assert refused["evaluated"] is False
    assert {"script-src-elem", "style-src-attr"} <= set(refused["seen"])


def test_an_empty_wall_says_what_to_do(wall: Page, operator: httpx.Client) -> None:
    """Without cameras and leads the page says so in words."""
    assert operator.get("/v1/cameras").json()["cameras"] == []
    expect(wall.locator(".grid .empty strong")).to_have_text("还没有摄像机")
    expect(wall.locator(".queue .empty strong")).to_have_text("暂无线索")
