"""The register on the wall: search, forms, history, tables."""

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from api.contract.register.entry import RegisterKind
from tests.api.store.register.samples import DOCUMENTS, PATHS, USCC
from tests.api.wall.test_finding import keep_picture

pytestmark = pytest.mark.e2e

OTHER = "914403001922038216"
PREMISES = "编号,名称,状态,最近住宅(米)\nP-001,胡同小馆,现有,12\nP-002,潞河餐厅,{},30\n"


@pytest.fixture
def filled(operator: httpx.Client) -> None:
    """A register with one entry of each kind, and a second enterprise."""
    for kind, document in DOCUMENTS.items():
        key = {"enterprise": "uscc", "officer": "cert_no", "unit": "code"}.get(kind, "id")
        put = operator.put(f"{PATHS[kind]}/{document[key]}", params={"reason": "年度核对"}, json=document)
        assert put.status_code == 201, put.text
    second = DOCUMENTS[RegisterKind.ENTERPRISE] | {"uscc": OTHER, "name": "潞城某建材有限公司", "positive_list": []}
    enterprise = f"{PATHS[RegisterKind.ENTERPRISE]}/{OTHER}"
    assert operator.put(enterprise, params={"reason": "新增"}, json=second).status_code == 201


@pytest.mark.usefixtures("filled")
def test_every_kind_is_listed_and_each_entry_survives_its_form(
    wall: Page, operator: httpx.Client, complaints: list[str]
) -> None:
    """An entry that is opened and saved with nothing but a reason is the same document as before, of every kind."""
    wall.get_by_role("link", name="名录").click()
    register = wall.locator("dialog.register")
    for kind, document in DOCUMENTS.items():
        register.locator(f'.segment[data-kind="{kind}"]').click()
        key = {"enterprise": "uscc", "officer": "cert_no", "unit": "code"}.get(kind, "id")
        register.locator(f'tr[data-key="{document[key]}"] button').click()
        form = register.locator(f'.entry[data-kind="{kind}"]')
        expect(form.locator(".timeline li")).to_have_count(1)
        form.locator("[name=why]").fill("核对")
        form.locator("[type=submit]").click()
        expect(form.locator(".review-message")).to_have_text("内容没有变化，仍为第 1 版")
        assert operator.get(f"{PATHS[kind]}/{document[key]}").json()["entry"] == document
        keep_picture(wall, f"register-{kind}-1366")
    assert complaints == []


@pytest.mark.usefixtures("filled")
def test_an_entry_is_found_changed_and_told_from_its_past(
    wall: Page, operator: httpx.Client, complaints: list[str], tmp_path: Path
) -> None:
    """Search, form, missing fields, refusals, history, removal; a table with a wrong row; all on a phone as well."""
    wall.get_by_role("link", name="名录").click()
    register = wall.locator("dialog.register")
    expect(register.locator(".entries tbody tr")).to_have_count(2)
    expect(register.locator(".entry-list > .note")).to_contain_text("共 2 条，名录版本")
    register.locator(".entry-search input").fill("潞城")
    expect(register.locator(".entries tbody tr")).to_have_count(1)
    register.locator(".entry-open").click()
    form = register.locator(".entry")
    expect(form.locator("[name=uscc]")).to_have_value(OTHER)
    expect(form.locator("[name=uscc]")).not_to_be_editable()
    form.locator("[name=name]").first.fill("")
    form.locator("[type=submit]").click()
    expect(form.locator(".review-message")).to_have_text("请先填写：名称")
    form.locator("[name=name]").first.fill("潞城新建材有限公司")
    form.locator("[type=submit]").click()
    expect(form.locator(".review-message")).to_have_text("请先填写理由。")
    form.locator("[name=why]").fill("更名")
    form.locator("[name=lon]").first.fill("116.7")
    form.locator("[name=lat]").fill("")
    form.locator("[type=submit]").click()
    expect(form.locator(".review-message")).to_contain_text("经度和纬度须同时填写或同时留空")
    form.locator("[name=lat]").fill("39.9")
    form.locator("[type=submit]").click()
    expect(form.locator(".review-message")).to_have_text("已保存，第 2 版")
    expect(form.locator(".timeline li").first).to_contain_text("变更：名称、经度、纬度")
    keep_picture(wall, "register-entry-1366")
    wall.set_viewport_size({"width": 390, "height": 844})
    keep_picture(wall, "register-entry-390")
    form.locator(".entry-back").click()
    keep_picture(wall, "register-list-390")
    wall.set_viewport_size({"width": 1366, "height": 768})
    register.locator(f'tr[data-key="{OTHER}"] button').click()
    form.locator("[name=why]").fill("重复")
    form.get_by_role("button", name="删除").click()
    form.get_by_role("button", name="确认删除").click()
    expect(register.locator(".entries tbody tr")).to_have_count(0)
    assert operator.get(f"{PATHS[RegisterKind.ENTERPRISE]}/{OTHER}").status_code == 404

    register.locator('.segment[data-kind="premises"]').click()
    register.locator("[data-act=register-import]").click()
    expect(register.get_by_role("link", name="导出 XLSX")).to_have_attribute(
        "href", "/v1/registry/export?kind=premises&format=xlsx&zh=true"
    )
    for status, file in (("营业", "wrong.csv"), ("潜在", "right.csv")):
        (tmp_path / file).write_text(PREMISES.format(status), encoding="utf-8")
    form.locator("[name=table]").set_input_files(tmp_path / "wrong.csv")
    form.locator("[name=why]").fill("年度更新")
    form.locator("[data-act=import-try]").click()
    expect(form.locator(".faults tbody tr")).to_have_count(1)
    expect(form.locator(".faults tbody tr td").nth(0)).to_have_text("3")
    expect(form.locator(".faults tbody td")).to_have_text(["3", "状态", "营业", "应为：现有、潜在", "应为：现有、潜在"])
    keep_picture(wall, "register-import-1366")
    wall.set_viewport_size({"width": 390, "height": 844})
    keep_picture(wall, "register-import-390")
    wall.set_viewport_size({"width": 1366, "height": 768})
    form.locator("[name=table]").set_input_files(tmp_path / "right.csv")
    form.locator("[data-act=import-do]").click()
    expect(form.locator(".review-message")).to_have_text("已导入")
    expect(register.locator(".entries tbody tr")).to_have_count(3)
    register.locator("[data-act=register-close]").click()
    wall.wait_for_function("location.hash === ''")
    wall.goto(f"{wall.url}#register/enterprise/{USCC}")
    expect(form.locator("[name=uscc]")).to_have_value(USCC)
    assert complaints == []
