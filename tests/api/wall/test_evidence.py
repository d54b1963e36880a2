"""The evidence view in a real browser."""

import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from api.contract.trust.stamp import fingerprint
from tests.api.conftest import Posting, RunningApi
from tests.api.contract.sample import TestSigner
from tests.api.wall.leads import fresh_lead, playable_posting
from tests.api.wall.test_finding import keep_picture

pytestmark = pytest.mark.e2e

ID = "L20261123-001007"


@pytest.fixture
def filed(enrolled: httpx.Client, signer: TestSigner, square_clip: Path, tmp_path: Path) -> Posting:
    """A lead that is filed with a package that can be played."""
    posting = playable_posting(tmp_path / "package", square_clip, signer, fresh_lead(ID, ago_s=60))
    assert posting.send(enrolled).status_code == 201
    return posting


@pytest.fixture
def view(filed: Posting, wall: Page) -> Page:
    """The wall with the lead's card."""
    assert filed.lead.lead_id == ID
    expect(wall.locator(f'[data-lead="{ID}"]')).to_be_visible()
    return wall


def open_evidence(page: Page) -> None:
    """Click the lead."""
    page.locator(f'[data-lead="{ID}"] button').click()


def answer(page: Page, **other: str) -> None:
    """Answer the four questions with yes, or otherwise as told."""
    for question in ("true", "clear", "complete", "accurate"):
        choice = other.get(question, "yes")
        page.locator(f'[data-question="{question}"] label:has(input[value="{choice}"])').click()


def choose(page: Page, to: str) -> None:
    """Open the form of a move."""
    page.locator(f'.review [data-to="{to}"]').click()


def submit(page: Page) -> None:
    """Submit the open form."""
    page.locator(".move-form [type=submit]").click()


def send(page: Page) -> None:
    """Submit the open form, and send at once what could still be taken back."""
    submit(page)
    page.locator("[data-act=send-now]").click()


def kept_file(api: RunningApi, filed: Posting, name: str) -> Path:
    """Return where the vault keeps a file of the package."""
    assert filed.lead.evidence is not None
    return next((api.settings.data_dir / "vault").rglob(f"{filed.lead.evidence.sums_sha256}/{name}"))


def test_evidence_is_shown_and_checked(
    view: Page, signer: TestSigner, operator: httpx.Client, complaints: list[str]
) -> None:
    """The clip plays, the stills and values are there, and the browser finds every hash and the signature right."""
    open_evidence(view)
    names = {file["name"] for file in operator.get(f"/v1/evidence/{ID}/files").json()["files"]}
    assert {"clip.mp4", "manifest.json", "SHA256SUMS.sig"} <= names
    rows = view.locator(".files tbody tr")
    expect(rows).to_have_count(len(names))
    assert names == {row.get_attribute("data-file") for row in rows.all()}
    expect(view.locator(".check-line .verdict").first).to_have_text("全部一致")
    expect(view.locator(".check-line .verdict").last).to_have_text("服务器刚刚重新核验：通过")
    assert {row.locator(".verdict").get_attribute("data-verdict") for row in rows.all()} - {"proof"} == {"match"}
    expect(view.locator(".integrity .check-details").first).to_contain_text("有效")
    certificate = view.locator(".check-certificate").inner_text().replace(" ", "")
    assert fingerprint(signer.certificate) in certificate
    assert "worker-01" in certificate
    expect(view.locator(".fact-tables .facts").nth(1)).to_contain_text("0.875")
    expect(view.locator(".fact-tables .facts").nth(2)).to_contain_text("摄像机 RTCP 时间")
    video = view.locator(".screen video")
    video.evaluate("video => video.play()")
    before = video.evaluate("video => video.currentTime")
    view.wait_for_function("([video, t]) => video.currentTime > t + 0.5", arg=[video.element_handle(), before])
    view.locator(".strip-choice", has_text="overlay.jpg").click()
    expect(view.locator(".screen img")).to_be_visible()
    assert complaints == []


@pytest.mark.parametrize(
    ("name", "verdict"), [("clip.mp4", "mismatch"), ("manifest.json", "mismatch"), ("detections.jsonl", "missing")]
)
def test_a_tampered_file_is_flagged(view: Page, api: RunningApi, filed: Posting, name: str, verdict: str) -> None:
    """A byte changed behind the server's back, or a file taken away, is named by the browser's own check."""
    path = kept_file(api, filed, name)
    path.chmod(0o600)
    path.parent.chmod(0o700)
    if verdict == "missing":
        path.unlink()
    else:
        data = bytearray(path.read_bytes())
        data[-3] ^= 1
        path.write_bytes(data)
    open_evidence(view)
    expect(view.locator(".check-line .verdict").first).to_have_text("发现不一致")
    expect(view.locator(f'tr[data-file="{name}"] .verdict')).to_have_attribute("data-verdict", verdict)
    others = view.locator(f'tr:not([data-file="{name}"]) .verdict')
    assert {other.get_attribute("data-verdict") for other in others.all()} - {"proof"} == {"match"}


@pytest.mark.parametrize("name", ["SHA256SUMS.sig", "SHA256SUMS"])
def test_a_forged_list_or_signature_is_flagged(view: Page, api: RunningApi, filed: Posting, name: str) -> None:
    """A signature that does not fit, or a list that was rewritten to fit a changed file, does not pass."""
    path = kept_file(api, filed, name)
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    if name.endswith(".sig"):
        data[20] ^= 1
    else:
        data[5:6] = b"1" if data[5:6] == b"0" else b"0"  # a list still, whatever the hashes in it
    path.write_bytes(data)
    open_evidence(view)
    expect(view.locator(".check-line .verdict").first).not_to_have_text("全部一致")
    expect(view.locator(".check-line .verdict").first).to_have_attribute("data-tone", "bad")
    expect(view.locator(".integrity .check-details").first.locator("li").first).to_contain_text("无效")


def test_without_a_secure_context_the_wall_says_so(new_page: Callable[[], Page], view: Page, filed: Posting) -> None:
    """Where the browser refuses to hash, the page names the reason and shows the server's check."""
    assert filed.lead.lead_id == ID
    page = new_page()
    page.add_init_script("Object.defineProperty(window, 'isSecureContext', { get: () => false })")
    page.goto(view.url)
    open_evidence(page)
    expect(page.locator(".check-line .verdict").first).to_contain_text("需要 https")
    expect(page.locator(".check-line .verdict").last).to_have_text("服务器刚刚重新核验：通过")


def test_the_package_is_downloaded_whole(view: Page, tmp_path: Path, filed: Posting) -> None:
    """The download is the package as it was filed."""
    open_evidence(view)
    with view.expect_download() as download:
        view.get_by_role("link", name="下载证据包").click()
    target = tmp_path / "got.tar"
    download.value.save_as(target)
    assert download.value.suggested_filename == f"{ID}.tar"
    with tarfile.open(target) as tar:
        names = {Path(member.name).name for member in tar if member.isfile()}
    assert {"clip.mp4", "SHA256SUMS", "SHA256SUMS.sig", "node.crt", "verify.sh"} <= names
    assert filed.lead.lead_id == ID


def test_a_decision_needs_answers_and_a_reason_and_is_recorded(
    view: Page, operator: httpx.Client, complaints: list[str]
) -> None:
    """Without the four answers or a reason nothing is sent; with them the state changes and the record holds both."""
    open_evidence(view)
    expect(view.locator(".standing")).to_contain_text("核实时限")
    choose(view, "VERIFIED")
    view.locator("[name=reason]").fill("画面清晰，<b>属实</b>")
    submit(view)
    expect(view.locator(".review-message")).to_have_text("请先回答真实、清晰、完整、准确四项。")
    expect(view.locator('[name="answer-true"]').first).to_be_focused()
    answer(view, complete="no")
    expect(view.locator(".answers-doubt")).to_be_visible()
    keep_picture(view, "review-zh-1366")
    view.keyboard.press("Tab")
    answer(view)
    expect(view.locator(".answers-doubt")).to_be_hidden()
    view.locator("[name=reason]").fill(" ")
    submit(view)
    expect(view.locator(".review-message")).to_have_text("请先填写理由。")
    view.locator("[name=reason]").fill("画面清晰，<b>属实</b>")
    send(view)
    expect(view.locator(".review-message")).to_have_text("已记录：属实")
    expect(view.locator(".evidence-head .chip")).to_have_text("属实")
    expect(view.locator(".timeline")).to_contain_text("画面清晰，<b>属实</b>")
    expect(view.locator(".move-review")).to_have_text("真实 是 · 清晰 是 · 完整 是 · 准确 是")
    expect(view.locator(".answers")).to_have_count(0)
    assert operator.get(f"/v1/leads/{ID}").json()["state"] == "VERIFIED"
    record = operator.get(f"/v1/leads/{ID}/transitions").json()["transitions"][-1]
    assert record["review"] == {"true": True, "clear": True, "complete": True, "accurate": True}
    view.locator("[data-act=close]").click()
    expect(view.locator(".lead-list > li")).to_have_count(0)
    assert complaints == []


def test_a_lead_is_reviewed_by_keyboard_alone_and_the_move_taken_back(view: Page, operator: httpx.Client) -> None:
    """From its card to the form is four keys; Escape takes a move back, with all that was typed; left alone it goes."""
    card = view.locator(f'[data-lead="{ID}"] button')
    card.focus()
    view.keyboard.press("Enter")
    expect(view.locator(".review .choice")).to_have_count(3)
    expect(view.locator("[data-act=close]").first).to_be_focused()
    view.keyboard.press("Tab")
    expect(view.locator("[data-act=review]")).to_be_in_viewport(ratio=1)
    view.keyboard.press("Enter")
    expect(view.locator('.review [data-to="VERIFIED"]')).to_be_focused()
    view.keyboard.press("Enter")
    for question in ("true", "clear", "complete", "accurate"):
        expect(view.locator(f'[name="answer-{question}"]').first).to_be_focused()
        view.keyboard.press("Space")
        view.keyboard.press("Tab")
    view.keyboard.type("属实")
    view.keyboard.press("Control+Enter")
    expect(view.locator(".undo-row")).to_contain_text("属实")
    expect(view.locator(".review-message")).to_be_focused()
    expect(view.locator('.review [data-to="VERIFIED"]')).to_be_disabled()
    expect(view.locator(f'[data-lead="{ID}"] .chip')).to_have_text("待提交：属实")
    keep_picture(view, "undo-zh-1366")
    view.keyboard.press("Escape")
    expect(view.locator(".review-message")).to_have_text("已撤回，未提交。")
    expect(view.locator(".undo")).to_be_hidden()
    assert operator.get(f"/v1/leads/{ID}").json()["state"] == "PENDING_VERIFY"
    view.keyboard.press("1")
    expect(view.locator("[name=reason]")).to_have_value("属实")
    view.keyboard.press("Control+Enter")
    expect(view.locator(".review-message")).to_have_text("已记录：属实")
    expect(view.locator(".review-message")).to_be_focused()
    view.keyboard.press("?")
    expect(view.locator(".keys-help")).to_be_visible()
    view.keyboard.press("Escape")
    view.keyboard.press("Escape")
    expect(view.locator("dialog.evidence")).not_to_be_visible()
    expect(view.locator('[data-filter="open"]')).to_be_focused()


def test_the_browser_s_back_closes_the_lead_and_not_the_wall(view: Page) -> None:
    """Forward opens it again; a lead that is closed on the page leaves no entry to go back over."""
    dialog = view.locator("dialog.evidence")
    for _ in range(2):
        open_evidence(view)
        expect(dialog).to_be_visible()
        view.go_back()
        expect(dialog).to_be_hidden()
        expect(view.locator(".bar-link")).to_have_text("实时")
    view.go_forward()
    expect(dialog.locator(".evidence-id")).to_have_text(ID)
    view.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    view.wait_for_function("history.state === null")


def test_what_the_record_is_good_for_is_said_and_follows_the_review(view: Page, operator: httpx.Client) -> None:
    """Use, obstacles and chain in plain words; answered questions take their obstacle away, a no brings its own."""
    open_evidence(view)
    use = view.locator(".admissibility")
    expect(use.locator(".admissibility-verdict")).to_have_text("仅作线索")
    expect(use.locator('[data-obstacle="no_legal_review"]')).to_have_text("当日无有效的设备法制审核")
    expect(use.locator('[data-obstacle="not_reviewed"]')).to_be_visible()
    lead = operator.get(f"/v1/leads/{ID}").json()
    chain = view.locator(".chain")
    expect(chain).to_contain_text(lead["evidence"]["sums_sha256"])
    expect(chain).to_contain_text(f"第 {lead['evidence']['log_index']} 项")
    expect(chain).to_contain_text("无（首个证据包）")
    choose(view, "NEED_MORE")
    answer(view, clear="no")
    view.locator("[name=reason]").fill("夜间看不清")
    send(view)
    expect(use.locator('[data-obstacle="not_clear"]')).to_have_text("审核认为不清晰")
    expect(use.locator('[data-obstacle="not_reviewed"]')).to_have_count(0)
    use.scroll_into_view_if_needed()
    keep_picture(view, "admissibility-zh-1366")


def test_the_log_s_proof_is_followed_in_the_browser(view: Page, operator: httpx.Client) -> None:
    """Once a signed checkpoint holds the package, the page finds its place under it, and says whose stamp it has."""
    deadline = time.monotonic() + 20
    while "tlog.json" not in {file["name"] for file in operator.get(f"/v1/evidence/{ID}/files").json()["files"]}:
        assert time.monotonic() < deadline, "no checkpoint holds the package"
        time.sleep(0.2)
    open_evidence(view)
    index = operator.get(f"/v1/leads/{ID}").json()["evidence"]["log_index"]
    expect(view.locator(".chain")).to_contain_text(f"第 {index} 项，浏览器已核验：在")
    expect(view.locator(".chain")).to_contain_text("本站自有时间戳机构（证明力较弱）")
    expect(view.locator('tr[data-file="tlog.json"] .verdict')).to_have_text("后附证明")


def test_copies_with_parts_covered_are_offered(view: Page, operator: httpx.Client) -> None:
    """Below the files, with the leaf that ties the copy to its original; without any there is no heading."""
    open_evidence(view)
    expect(view.locator(".files tbody tr").first).to_be_visible()
    expect(view.locator(".copies")).to_be_empty()
    view.locator("[data-act=close]").click()
    covered = {"file": "overlay.jpg", "boxes": [[10, 10, 60, 60]], "reason": "行人"}
    made = operator.post(f"/v1/evidence/{ID}/redactions", json=covered)
    assert made.status_code == 201
    open_evidence(view)
    expect(view.locator(".copies")).to_contain_text(f"日志第 {made.json()['log_index']} 项 · 行人")
    expect(view.locator(".copies a")).to_have_attribute("href", made.json()["address"])


def test_a_race_between_two_reviewers_is_told(view: Page, operator: httpx.Client) -> None:
    """Who decides on a lead that a colleague has changed in the meantime sees the new state instead."""
    open_evidence(view)
    choose(view, "REJECTED_FALSE")
    answer(view, accurate="no")
    view.locator("[name=reason]").fill("是水汽")

    def colleague_first(route: Route) -> None:
        if route.request.method == "POST":
            etag = operator.get(f"/v1/leads/{ID}").headers["ETag"]
            operator.post(
                f"/v1/leads/{ID}/transitions", json={"to": "NEED_MORE", "reason": "看不清"}, headers={"If-Match": etag}
            )
        route.continue_()

    view.route("**/v1/leads/*/transitions", colleague_first)
    send(view)
    expect(view.locator(".review-message")).to_contain_text("其他人刚刚更新了这条线索")
    expect(view.locator(".evidence-head .chip")).to_have_text("需补充")
    choose(view, "PENDING_VERIFY")
    expect(view.locator("[name=reason]")).to_have_value("是水汽")
    assert operator.get(f"/v1/leads/{ID}").json()["state"] == "NEED_MORE"
    view.unroute("**/v1/leads/*/transitions")
