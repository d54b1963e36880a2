"""Owners that zones name, held against the register."""

import httpx
import pytest

from api.contract.register.enterprise import Enterprise
from tests.api.store.register.samples import CODES, DOCUMENTS, OTHER, PATHS, USCC

SQUARE = [[0.1, 0.1], [0.4, 0.1], [0.4, 0.4], [0.1, 0.4]]


@pytest.mark.parametrize(
    ("owner", "status", "said"),
    [
        (USCC, 200, ""),
        ("某家没有登记的小店", 200, ""),
        (OTHER, 422, f"the register has no enterprise {OTHER}"),
        (USCC[:-2] + "5B", 422, f"the nearest are {USCC} ("),
    ],
)
def test_a_code_that_the_register_does_not_hold_owns_no_zone(
    operator: httpx.Client, owner: str, status: int, said: str
) -> None:
    """Once it holds enterprises: the nearest are named. What is no code may be named, and what stood may stay."""
    unknown = CODES[2]
    camera = {"id": "gate-3", "source": "rtsp://10.0.0.7/1"}
    assert operator.put("/v1/cameras/gate-3", json=camera).status_code == 201
    where = "/v1/cameras/gate-3/zones"

    def draw(*owners: str) -> httpx.Response:
        zones = [{"name": each, "kind": "outlet", "polygon": SQUARE, "owner": each} for each in owners]
        return operator.put(where, json={"zones": zones}, headers={"If-Match": operator.get(where).headers["ETag"]})

    assert draw(unknown).status_code == 200
    registered = operator.put(
        f"{PATHS[Enterprise.kind]}/{USCC}", params={"reason": "核对"}, json=DOCUMENTS[Enterprise.kind]
    )
    assert registered.status_code == 201
    answer = draw(unknown, owner)
    assert answer.status_code == status
    assert said in answer.text
