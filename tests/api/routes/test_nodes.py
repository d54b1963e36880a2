"""Nodes over HTTP: pinned once, their roots given out."""

import httpx

from tests.api.conftest import NODE
from tests.api.contract.sample import TestSigner


def enrol(worker: httpx.Client, name: str, number: int, pem: bytes) -> httpx.Response:
    """Enrol a node."""
    return worker.post("/v1/nodes", json={"name": name, "number": number, "certificate_pem": pem.decode()})


def test_a_node_is_pinned_once(worker: httpx.Client, operator: httpx.Client, signer: TestSigner) -> None:
    """201, then 200 for the same; 409 when name, number or certificate belong to another; 401 without a worker key."""
    assert operator.get("/v1/nodes").json() == {"nodes": []}
    site_root = operator.get("/v1/trust/nodes.pem").content
    assert site_root.count(b"BEGIN CERTIFICATE") == 1
    pem, other = signer.certificate_pem, TestSigner(name="other").certificate_pem
    assert enrol(worker, NODE, 1, pem).status_code == 201
    assert enrol(worker, NODE, 1, pem).status_code == 200
    for name, number, certificate in ((NODE, 2, other), ("other", 1, other), ("other", 2, pem), (NODE, 1, other)):
        conflict = enrol(worker, name, number, certificate)
        assert (conflict.status_code, conflict.json()["type"]) == (409, "urn:plumewatch:problem:node-taken")
    assert enrol(operator, "other", 2, other).status_code == 401
    assert enrol(worker, "other", 2, other).status_code == 201
    assert [node["name"] for node in operator.get("/v1/nodes").json()["nodes"]] == [NODE, "other"]
    assert operator.get("/v1/trust/nodes.pem").content == pem + other + site_root


def test_what_is_not_a_certificate_is_refused(worker: httpx.Client, signer: TestSigner) -> None:
    """Text, nothing, two certificates: 422, and nothing is pinned."""
    for pem in (b"text", b"", signer.certificate_pem * 2):
        assert enrol(worker, NODE, 1, pem).status_code == 422
    assert worker.get("/v1/nodes").json() == {"nodes": []}
