"""Tables over HTTP: in, out, and empty ones."""

import httpx
import pytest

from api.contract.register.entry import RegisterKind
from api.contract.register.kinds import KINDS
from api.people.accounts import create_operator
from api.register.table import MOST_BYTES, TableFormat
from api.store.people import Role
from tests.api.conftest import CSRF, PASSWORD, RunningApi
from tests.api.store.register.samples import DOCUMENTS, PATHS

pytestmark = pytest.mark.usefixtures("agreement")
IMPORT, EXPORT, TEMPLATE = "/v1/registry/import", "/v1/registry/export", "/v1/registry/template"
WHY = {"reason": "年度核对"}


@pytest.mark.parametrize("form", TableFormat)
@pytest.mark.parametrize("kind", RegisterKind)
def test_what_is_sent_out_is_taken_back(operator: httpx.Client, kind: RegisterKind, form: TableFormat) -> None:
    """Of every kind: an entry goes out, is removed, and comes in again the same."""
    asked = {"kind": kind, "format": form, "zh": "true"}
    where = f"{PATHS[kind]}/{KINDS[kind].model_validate(DOCUMENTS[kind]).key}"
    operator.put(where, params=WHY, json=DOCUMENTS[kind])
    sent = operator.get(EXPORT, params=asked)
    assert sent.headers["content-type"] == form.media_type
    assert sent.headers["content-disposition"] == f'attachment; filename="{kind}.{form}"'
    operator.delete(where, params=WHY, headers={"If-Match": '"1"'})
    taken = operator.post(IMPORT, params=WHY | {"kind": kind}, content=sent.content).json()
    assert (taken["written"], taken["rows"], taken["new"], taken["faults"]) == (True, 1, 1, [])
    assert operator.get(where).json()["entry"] == DOCUMENTS[kind]
    assert operator.get(where).json()["by"] == "operator:admin"


@pytest.mark.parametrize("kind", RegisterKind)
def test_a_template_is_a_table_without_rows(operator: httpx.Client, kind: RegisterKind) -> None:
    """It can be taken as it is."""
    template = operator.get(TEMPLATE, params={"kind": kind})
    assert template.headers["content-type"] == TableFormat.XLSX.media_type
    taken = operator.post(IMPORT, params=WHY | {"kind": kind}, content=template.content).json()
    assert (taken["written"], taken["rows"]) == (True, 0)


def test_wrong_rows_are_named(operator: httpx.Client) -> None:
    """Nothing is written in a dry run, nor beside a wrong row, unless it is asked for."""
    asked = WHY | {"kind": "unit"}
    rows = "代码,名称\nTZ-01,通州大队\nTZ-02,\n".encode("gb18030")
    for more, written in (({"dry_run": "true"}, False), ({}, False), ({"partial": "true"}, True)):
        told = operator.post(IMPORT, params=asked | more, content=rows).json()
        assert (told["written"], told["new"], told["wrong"]) == (written, 1, 1)
        [fault] = told["faults"]
        assert (fault["row"], fault["column"], fault["wrong"]) == (3, "名称", "is missing")
        assert operator.get("/v1/units").json()["total"] == int(written)


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"", 422, "the first row must hold the heads"),
        (b"code,nmae\n", 422, "did you mean name"),
        (b"PK\x03\x04", 422, "no workbook"),
        (b" " * (MOST_BYTES + 1), 413, "larger than"),
    ],
    ids=["empty", "head", "torn", "large"],
)
def test_what_is_no_table_is_refused(operator: httpx.Client, content: bytes, status: int, said: str) -> None:
    """With what would be right; nothing was written."""
    answer = operator.post(IMPORT, params=WHY | {"kind": "unit"}, content=content)
    assert answer.status_code == status
    assert said in answer.json()["detail"]


def test_admins_import_and_operators_export(api: RunningApi, worker: httpx.Client) -> None:
    """A worker does neither."""
    password = create_operator(api.settings, "li", Role.OPERATOR).password
    with httpx.Client(base_url=api.url, headers=CSRF) as li:
        li.post("/v1/session", json={"username": "li", "password": password})
        li.post("/v1/session/password", json={"current": password, "new": PASSWORD})
        assert li.post(IMPORT, params=WHY | {"kind": "unit"}, content=b"code,name").status_code == 403
        assert li.get(EXPORT, params={"kind": "unit"}).status_code == 200
    assert worker.get(EXPORT, params={"kind": "unit"}).status_code == 401
