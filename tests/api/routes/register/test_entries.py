"""The register over HTTP: entries of each kind, races, history, what held then, search and pages."""

import json
from urllib.parse import quote

import httpx
import pytest

from api.contract.register.entry import RegisterKind
from api.contract.register.kinds import KINDS
from api.people.accounts import create_operator
from api.store.people import Role
from tests.api.conftest import CSRF, PASSWORD, RunningApi
from tests.api.store.register.samples import DOCUMENTS, OTHER, PATHS, USCC

pytestmark = pytest.mark.usefixtures("agreement")
ENTERPRISE = DOCUMENTS[RegisterKind.ENTERPRISE]
AT = f"/v1/registry/enterprises/{USCC}"
WHY = {"reason": "年度核对"}


def test_there_is_an_example_of_each_kind() -> None:
    """What the other tests walk is all that there is."""
    assert set(DOCUMENTS) == set(PATHS) == set(KINDS) == set(RegisterKind)


@pytest.mark.parametrize("kind", RegisterKind)
def test_an_entry_comes_back_as_it_was_entered(operator: httpx.Client, kind: RegisterKind) -> None:
    """Of every kind: entered, shown, listed, found, changed, told from its past, removed."""
    document = DOCUMENTS[kind]
    key = KINDS[kind].model_validate(document).key
    where = f"{PATHS[kind]}/{quote(key)}"
    assert operator.get(PATHS[kind]).json() == {"entries": [], "next": None, "total": 0, "registry_version": ""}
    assert operator.get(where).status_code == 404
    put = operator.put(where, params=WHY, json=document)
    assert (put.status_code, put.headers["ETag"]) == (201, '"1"')
    shown = operator.get(where)
    assert shown.json() == put.json()
    assert shown.json()["entry"] == document
    assert (shown.json()["by"], shown.json()["reason"]) == ("operator:admin", "年度核对")
    assert operator.get(where, params={"at": "2020-01-01T00:00:00Z"}).status_code == 404
    found = operator.get(PATHS[kind], params={"q": key}).json()
    assert [each["entry"] for each in found["entries"]] == [document]
    assert found["registry_version"].endswith(".1")
    assert operator.delete(where, params=WHY, headers={"If-Match": '"1"'}).status_code == 204
    assert operator.get(where).status_code == 404
    changes = operator.get(f"{where}/history").json()["changes"]
    assert [(change["version"], change["removed"]) for change in changes] == [(1, False), (2, True)]
    assert (changes[0]["entry"], changes[1]["entry"]) == (document, None)
    assert operator.put(where, params=WHY, json=document).headers["ETag"] == '"3"'


def test_races_are_told(operator: httpx.Client) -> None:
    """Without If-Match 428, with an older version 412, and no reason is no change."""
    assert operator.put(AT, json=ENTERPRISE).status_code == 422
    assert operator.put(AT, params={"reason": "  "}, json=ENTERPRISE).status_code == 422
    assert operator.put(AT, params=WHY, json=ENTERPRISE, headers={"If-Match": '"1"'}).status_code == 412
    assert operator.put(AT, params=WHY, json=ENTERPRISE).status_code == 201
    renamed = ENTERPRISE | {"name": "新名"}
    assert operator.put(AT, params=WHY, json=renamed).status_code == 428
    assert operator.put(AT, params=WHY, json=renamed, headers={"If-Match": "x"}).status_code == 412
    assert operator.put(AT, params=WHY, json=renamed, headers={"If-Match": '"0"'}).status_code == 412
    assert operator.put(AT, params=WHY, json=renamed, headers={"If-Match": '"1"'}).headers["ETag"] == '"2"'
    late = operator.put(AT, params=WHY, json=ENTERPRISE, headers={"If-Match": '"1"'})
    assert (late.status_code, late.json()["type"]) == (412, "urn:plumewatch:problem:stale-version")
    assert operator.delete(AT, params=WHY).status_code == 428
    assert operator.delete(AT, params=WHY, headers={"If-Match": '"1"'}).status_code == 412
    assert operator.get(AT).json()["entry"]["name"] == "新名"


def test_what_held_then_is_asked_for(operator: httpx.Client) -> None:
    """The list and the entry of a moment are those of that moment."""
    operator.put(AT, params=WHY, json=ENTERPRISE)
    entered = operator.get(AT).json()["at"]
    operator.put(AT, params=WHY, json=ENTERPRISE | {"name": "新名"}, headers={"If-Match": '"1"'})
    assert operator.get(AT, params={"at": entered}).json()["entry"] == ENTERPRISE
    then = operator.get("/v1/registry/enterprises", params={"at": entered}).json()
    assert [each["entry"] for each in then["entries"]] == [ENTERPRISE]
    before = operator.get("/v1/registry/enterprises", params={"at": "2020-01-01T08:00:00+08:00"}).json()
    assert (before["entries"], before["registry_version"]) == ([], "")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"uscc": "91110000802100433A"}, "should be 'B'"),
        ({"uscc": OTHER}, "the document is of enterprise"),
        ({"lon": 116.6, "lat": None}, "lon and lat must both be given"),
        ({"colour": "red"}, "Extra inputs are not permitted"),
        ({"risk": [{"colour": "blue", "valid_from": "2026-01-01"}]}, "red"),
        (
            {
                "risk": [
                    {"colour": "red", "valid_from": "2026-01-01", "valid_to": "2026-06-30"},
                    {"colour": "green", "valid_from": "2026-06-30"},
                ]
            },
            "one lasts until 2026-06-30, the next begins on 2026-06-30",
        ),
        ({"positive_list": [{"valid_from": "2026-02-01", "valid_to": "2026-01-01"}]}, "valid_to must not be before"),
    ],
)
def test_what_is_wrong_is_said(operator: httpx.Client, change: dict[str, object], said: str) -> None:
    """A code, a colour, days that contradict each other; nothing is entered."""
    answer = operator.put(AT, params=WHY, json=ENTERPRISE | change)
    assert answer.status_code == 422
    assert said in json.dumps(answer.json(), ensure_ascii=False)
    assert operator.get(AT).status_code == 404


def test_operators_read_and_admins_write(api: RunningApi, operator: httpx.Client, worker: httpx.Client) -> None:
    """An operator may look, a worker may not: entries name people."""
    operator.put(AT, params=WHY, json=ENTERPRISE)
    assert worker.get(AT).status_code == 401
    password = create_operator(api.settings, "li", Role.OPERATOR).password
    with httpx.Client(base_url=api.url, headers=CSRF) as li:
        li.post("/v1/session", json={"username": "li", "password": password})
        li.post("/v1/session/password", json={"current": password, "new": PASSWORD})
        assert li.get(AT).status_code == 200
        assert li.put(AT, params=WHY, json=ENTERPRISE, headers={"If-Match": '"1"'}).status_code == 403
        assert li.delete(AT, params=WHY, headers={"If-Match": '"1"'}).status_code == 403


def test_premises_are_asked_for_by_whether_a_camera_sees_them(operator: httpx.Client) -> None:
    """Two under one camera are told apart by polygon; without zone or camera one is not seen."""
    premises = DOCUMENTS[RegisterKind.PREMISES]
    for number, more in enumerate(({}, {}, {"camera": "gate-3"}, {"camera": "gate-3", "zone": "未画"})):
        document = premises | {"id": f"P{number}", "name": f"第{number}家"} | more
        assert operator.put(f"/v1/registry/premises/P{number}", params=WHY, json=document).status_code == 201
    square = [[0.1, 0.1], [0.4, 0.1], [0.4, 0.4], [0.1, 0.4]]
    camera = {
        "id": "gate-3",
        "source": "rtsp://10.0.0.7/1",
        "zones": [
            {"name": "P0", "kind": "premises", "polygon": square},
            {"name": "P1", "kind": "watch", "polygon": square},
        ],
    }
    assert operator.put("/v1/cameras/gate-3", json=camera).status_code == 201
    for seen, keys in (("true", ["P0", "P2"]), ("false", ["P1", "P3"])):
        listed = operator.get("/v1/registry/premises", params={"seen": seen, "q": "家"}).json()
        assert [each["entry"]["id"] for each in listed["entries"]] == keys
    paged = operator.get("/v1/registry/premises", params={"seen": "false", "limit": 1}).json()
    assert (paged["next"], paged["total"]) == ("P1", 2)
    rest = operator.get("/v1/registry/premises", params={"seen": "false", "limit": 1, "cursor": "P1"}).json()
    assert [each["entry"]["id"] for each in rest["entries"]] == ["P3"]
