"""A stolen key over HTTP: whichever of its certificates is revoked, none of them counts any more."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from cryptography import x509

from api.clock import utc_now
from api.contract.evidence.verification import verify_package
from api.contract.trust.revocation import parse_revoked
from api.contract.trust.stamp import fingerprint
from tests.api.conftest import NODE, Posting, RunningApi
from tests.api.contract.sample import LEAD_ID, TestSigner
from tests.api.contract.trust.test_revocation import LEAKED, SUPERSEDED, make_crl, pem_of
from tests.api.routes.test_trust import OTHER, enrolment, leaves, vouched

BUREAU = TestSigner("Bureau CA", ca=True)


pytestmark = pytest.mark.usefixtures("agreement")


@pytest.fixture
def issued(enrolled: httpx.Client, operator: httpx.Client, signer: TestSigner) -> TestSigner:
    """The bureau's certificate for the node's key, which followed the self-signed one."""
    trusted = {"certificate_pem": BUREAU.certificate_pem.decode()}
    assert operator.post("/v1/trust/authorities", json=trusted).status_code == 204
    certificate = TestSigner(NODE, issuer=BUREAU, key=signer.key)
    assert enrolled.post("/v1/nodes", json=enrolment(certificate, vouched(signer, certificate))).status_code == 201
    return certificate


def revoke(operator: httpx.Client, signer: TestSigner) -> int:
    """The status of an admin's revocation."""
    body = {"certificate_sha256": fingerprint(signer.certificate), "reason": "密钥泄露"}
    return operator.post("/v1/trust/revocations", json=body).status_code


def post_list(operator: httpx.Client, signer: TestSigner, reason: x509.ReasonFlags) -> list[str]:
    """The fingerprints of what the bureau's list newly revokes, which names one certificate."""
    now = utc_now() + timedelta(seconds=1)  # a list tells whole seconds; the API counts none that are yet to come
    crl = make_crl(BUREAU.certificate.subject, BUREAU.key, signer.certificate.serial_number, now, reason)
    answer = operator.post("/v1/trust/crls", json={"crl_pem": pem_of(crl).decode()})
    return [each["certificate_sha256"] for each in answer.json()["revoked"]]


@pytest.mark.parametrize("by", ["admin", "list"])
def test_no_certificate_of_a_stolen_key_counts(
    by: str,
    api: RunningApi,
    enrolled: httpx.Client,
    operator: httpx.Client,
    make_posting: Callable[..., Posting],
    signer: TestSigner,
    issued: TestSigner,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The bureau's is revoked: nothing comes in under the self-signed one, here or offline; old packages hold."""
    names = [fingerprint(each.certificate) for each in (issued, signer)]
    assert make_posting(LEAD_ID).send(enrolled).status_code == 201
    stolen = tmp_path_factory.mktemp("stolen") / "package.tar"
    stolen.write_bytes(make_posting(OTHER).tar)
    roots = operator.get("/v1/trust/nodes.pem").content
    assert verify_package(stolen, roots).failures == ()
    if by == "admin":
        assert revoke(operator, issued) == 204
        assert [revoke(operator, each) for each in (issued, signer)] == [409, 409]
    else:
        assert post_list(operator, issued, LEAKED) == names
        assert post_list(operator, issued, LEAKED) == []
    for each in (signer, issued):
        assert make_posting(OTHER, by=each).send(enrolled).status_code == 422
        assert each.certificate_pem not in operator.get("/v1/trust/nodes.pem").content
    revoked = parse_revoked(operator.get("/v1/trust/revoked.json").content)
    assert revoked.keys() == set(names)
    assert {check.name.value for check in verify_package(stolen, roots, revoked=revoked).failures} == {"identity"}
    assert operator.get(f"/v1/evidence/{LEAD_ID}/verification").json()["verdict"] == "holds"
    assert [each.count('"event":"revoked"') for each in leaves(api)[-2:]] == [1, 1]
    again = TestSigner("worker-02", issuer=BUREAU, key=signer.key)
    refused = enrolled.post("/v1/nodes", json=enrolment(again) | {"name": "worker-02", "number": 2})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:plumewatch:problem:node-taken")
    assert "all certificates of this key were revoked" in refused.json()["detail"]


def test_a_superseded_certificate_takes_none_of_its_key_with_it(
    enrolled: httpx.Client,
    operator: httpx.Client,
    make_posting: Callable[..., Posting],
    signer: TestSigner,
    issued: TestSigner,
) -> None:
    """An authority that renews a certificate of the same key says so of the old one; a theft can be told later."""
    renewed = TestSigner(NODE, issuer=BUREAU, key=signer.key)
    assert enrolled.post("/v1/nodes", json=enrolment(renewed, vouched(issued, renewed))).status_code == 201
    assert post_list(operator, issued, SUPERSEDED) == [fingerprint(issued.certificate)]
    assert make_posting(LEAD_ID, by=renewed).send(enrolled).status_code == 201
    assert make_posting(OTHER, by=issued).send(enrolled).status_code == 422
    assert revoke(operator, issued) == 204, "what is left of its key"
    for each in (signer, renewed):
        assert make_posting(OTHER, by=each).send(enrolled).status_code == 422
    assert revoke(operator, issued) == 409


def test_another_node_s_key_is_left_alone(enrolled: httpx.Client, operator: httpx.Client, issued: TestSigner) -> None:
    """Nodes under one authority share its name, not a key."""
    other = TestSigner("worker-02", issuer=BUREAU)
    document = enrolment(other) | {"name": "worker-02", "number": 2}
    assert enrolled.post("/v1/nodes", json=document).status_code == 201
    assert revoke(operator, issued) == 204
    assert BUREAU.certificate_pem in operator.get("/v1/trust/nodes.pem").content
    assert other.certificate_pem in operator.get("/v1/trust/nodes.pem").content
