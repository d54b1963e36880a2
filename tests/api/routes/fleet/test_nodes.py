"""Nodes over HTTP: pinned once, their roots given out."""

from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from sqlalchemy import text

from api.clock import utc_now
from api.contract.evidence.verification import verify_package
from api.store.agreement.log import disagreements
from tests.api.conftest import NODE, RunningApi
from tests.api.contract.sample import FOR_STAMPS, SITES_POLICY, TestSigner, make_package, run_verify_sh
from tests.api.contract.trust.test_revocation import make_crl, pem_of

pytestmark = pytest.mark.usefixtures("agreement")


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


def planted_beside(node: TestSigner, authority: TestSigner) -> bytes:
    """A node's certificate with what OpenSSL reads beside it and pyca does not: an authority, and a false list."""
    label = (b"CERTIFICATE-----", b"TRUSTED CERTIFICATE-----")
    false_list = make_crl(node.certificate.issuer, authority.key, node.certificate.serial_number, utc_now())
    return node.certificate_pem + authority.certificate_pem.replace(*label) + pem_of(false_list)


def check_roots(roots: Path, folder: Path, node: TestSigner, authority: TestSigner) -> None:
    """The node's package passes both verifiers, and that of whoever planted the authority neither."""
    for by, holds in ((node, True), (TestSigner(NODE, issuer=authority), False)):
        package = make_package(folder / str(holds), by).folder
        assert verify_package(package, roots.read_bytes()).ok is holds
        done = run_verify_sh(package, roots)
        assert done.returncode == (0 if holds else 1), done.stdout


def test_what_stands_beside_a_node_s_certificate_becomes_no_root(
    worker: httpx.Client, operator: httpx.Client, signer: TestSigner, tmp_path: Path
) -> None:
    """A worker's key plants neither an authority nor a list of revoked certificates in the roots of verifiers."""
    site_root = operator.get("/v1/trust/nodes.pem").content
    authority = TestSigner("Bureau CA", ca=True, extensions=(SITES_POLICY,))
    assert enrol(worker, NODE, 1, planted_beside(signer, authority)).status_code == 201
    (node,) = operator.get("/v1/nodes").json()["nodes"]
    assert node["certificate_pem"].encode() == signer.certificate_pem
    roots = tmp_path / "roots.pem"
    roots.write_bytes(operator.get("/v1/trust/nodes.pem").content)
    assert roots.read_bytes() == signer.certificate_pem + site_root
    check_roots(roots, tmp_path, signer, authority)


def test_what_was_stored_beside_a_certificate_becomes_no_root(
    api: RunningApi, worker: httpx.Client, operator: httpx.Client, signer: TestSigner
) -> None:
    """Rows from before are written anew whenever roots are given out, and the scrub tells of them."""
    assert enrol(worker, NODE, 1, signer.certificate_pem).status_code == 201
    roots = operator.get("/v1/trust/nodes.pem").content
    planted = planted_beside(signer, TestSigner("Bureau CA", ca=True)).decode()

    def store(pem: str) -> None:
        with api.state.database.engine.begin() as connection:
            connection.execute(text("UPDATE certificates SET pem = :pem WHERE kind = 'node'"), {"pem": pem})
            connection.execute(text("UPDATE nodes SET certificate_pem = :pem"), {"pem": pem})

    store(planted)
    assert operator.get("/v1/trust/nodes.pem").content == roots
    with api.state.database.snapshot() as session:
        node, certificate = disagreements(session).records
    assert "has another certificate than the one that it is listed with" in node
    assert "is another one" in certificate
    store(f"subject=CN = {NODE}\n\n{signer.certificate_pem.decode()}")
    assert operator.get("/v1/trust/nodes.pem").content == roots


def test_what_stands_beside_an_authority_s_certificate_becomes_no_root(operator: httpx.Client) -> None:
    """Nor does an admin trust more than the authority that he was shown."""
    site_root = operator.get("/v1/trust/nodes.pem").content
    bureau, stranger = TestSigner("Bureau CA", ca=True), TestSigner("Other CA", ca=True)
    given = {"certificate_pem": planted_beside(bureau, stranger).decode()}
    assert operator.post("/v1/trust/authorities", json=given).status_code == 204
    assert operator.get("/v1/trust/nodes.pem").content == bureau.certificate_pem + site_root
