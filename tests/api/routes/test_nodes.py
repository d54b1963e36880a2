"""Nodes over HTTP: pinned once, their roots given out."""

from collections.abc import Iterator

import httpx
import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from api.store.agreement.log import Disagreements, disagreements
from tests.api.conftest import NODE, RunningApi
from tests.api.contract.sample import FOR_STAMPS, SITES_POLICY, TestSigner


@pytest.fixture(autouse=True)
def agreement(api: RunningApi) -> Iterator[None]:
    """Whatever a test does through the API, the tables stay what the log tells."""
    yield
    with api.state.database.snapshot() as session:
        assert disagreements(session) == Disagreements()


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


ISSUES = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
ANYTHING = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])


@pytest.mark.parametrize(
    "node",
    [
        TestSigner(NODE, ca=True),
        TestSigner(NODE, ca=None),
        TestSigner(NODE, extensions=(ISSUES,)),
        TestSigner(NODE, extensions=(FOR_STAMPS,)),
        TestSigner(NODE, extensions=(ANYTHING,)),
        TestSigner(NODE, extensions=(SITES_POLICY,)),
    ],
    ids=["an authority", "that does not say", "whose key issues", "for time-stamps", "for anything", "a site's root"],
)
def test_a_node_s_certificate_is_no_authority(node: TestSigner, worker: httpx.Client) -> None:
    """One that would vouch for others, for times or for a log among a verifier's roots is 422, and is not pinned."""
    refused = enrol(worker, NODE, 1, node.certificate_pem)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:plumewatch:problem:bad-certificate")
    assert worker.get("/v1/nodes").json() == {"nodes": []}


def test_a_bureau_s_certificate_for_other_purposes_is_taken(worker: httpx.Client) -> None:
    """Authorities put purposes such as client authentication into what they issue."""
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    assert enrol(worker, NODE, 1, TestSigner(NODE, extensions=(purposes,)).certificate_pem).status_code == 201
