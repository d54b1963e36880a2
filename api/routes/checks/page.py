"""The public page of a check code: bureau, date, items, basis, and nothing else (domain.md 6.4)."""

from html import escape
from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse

from api.contract.checks.check import Check, CheckBasis, CheckState
from api.contract.checks.code import LENGTH
from api.contract.evidence.article41 import local_day
from api.state import State
from api.store.checks.codes import get_check
from api.store.faults import UnknownRecord

router = APIRouter(tags=["checks"])

BASIS = {
    CheckBasis.PLAN: ("年度检查计划", "annual plan"),
    CheckBasis.LEAD: ("线索核查", "a lead"),
    CheckBasis.COMPLAINT: ("投诉举报", "a complaint"),
    CheckBasis.EMERGENCY: ("应急处置", "an emergency"),
    CheckBasis.JOINT: ("联合检查", "a joint check"),
}
SHOWN = frozenset(CheckState) - {CheckState.EXPIRED, CheckState.CANCELLED}
"""States in which a code has a page."""
_NO_CODE: dict[str, Any] = {"content": {"text/html": {}}, "description": "There is no such valid code"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
_STYLE = """
body{font:16px/1.6 system-ui,"Noto Sans CJK SC",sans-serif;margin:0;background:#f3f5f4;color:#17221d}
main{max-width:30rem;margin:0 auto;padding:1.5rem 1rem}
h1{font-size:1.25rem;margin:0 0 1rem}
section{background:#fff;border-radius:.75rem;padding:1rem 1.25rem;border:1px solid #d8dedb}
dt{color:#55635c;font-size:.85rem;margin-top:.75rem}dd{margin:0;font-size:1.05rem;overflow-wrap:anywhere}
dt:first-child{margin-top:0}ul{margin:0;padding-left:1.2rem}
p{color:#55635c;font-size:.85rem}
@media (prefers-color-scheme:dark){body{background:#101513;color:#e7ede9}
section{background:#1a211e;border-color:#33403a}dt,p{color:#9fb0a7}}
"""


@router.get(
    "/jc/{code}",
    response_class=HTMLResponse,
    responses={404: _NO_CODE},
)
def get_page(code: Annotated[str, Path(max_length=LENGTH)], state: State) -> HTMLResponse:
    """Show an enterprise that a visit is announced and real: bureau, date, items and basis. Public."""
    with state.database.reading() as session:
        try:
            check = get_check(session, code)
        except UnknownRecord:
            check = None
    if check is None or check.state not in SHOWN:
        return HTMLResponse(_unknown(state.settings.site_name), 404, _HEADERS)
    return HTMLResponse(_page(check, state.settings.site_name), 200, _HEADERS)


def _page(check: Check, bureau: str) -> str:
    basis, basis_en = BASIS[check.basis]
    begin, end = local_day(check.valid_from), local_day(check.valid_to)
    days = f"{begin}" if begin == end else f"{begin} – {end}"
    items = "".join(f"<li>{escape(item)}</li>" for item in check.items)
    facts = (
        _fact("检查机关", "Bureau", escape(bureau) or "—"),
        _fact("检查日期", "Date", days),
        _fact("检查事项", "Items", f"<ul>{items}</ul>"),
        _fact("检查依据", "Basis", f"{basis} <small>({basis_en})</small>"),
    )
    note = "执法人员应出示两份有效执法证件；未出示检查码的，可以拒绝检查。"
    note_en = "Officers show two valid certificates. Without a check code you may refuse the check."
    return _html(f"<dl>{''.join(facts)}</dl>", f"{note}<br>{note_en}")


def _fact(name: str, name_en: str, value: str) -> str:
    return f"<dt>{name} {name_en}</dt><dd>{value}</dd>"


def _unknown(bureau: str) -> str:
    told = "没有这个有效的检查码。请核对二维码，或联系检查机关。"
    return _html(
        f"<dl>{_fact('检查机关', 'Bureau', escape(bureau) or '—')}</dl><p>{told}</p>",
        "There is no such valid check code.",
    )


def _html(body: str, note: str) -> str:
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><title>检查码 Check code</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>一码检查 Check</h1><section>{body}</section><p>{note}</p>"
        "</main></body></html>"
    )
