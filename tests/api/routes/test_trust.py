"""Trust over HTTP: nodes change their keys by themselves, admins trust authorities and revoke certificates."""

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from api.clock import utc_now
from api.contract.evidence.report import PackageVerdict
from api.contract.evidence.verification import verify_package
from api.contract.trust.revocation import RevokedDocument, RevokedList, parse_revoked
from api.contract.trust.stamp import StampError, fingerprint
from api.contract.trust.succession import Succession, voucher
from api.contract.wire.moment import rfc3339
from api.people.accounts import create_worker_key
from api.settings import Settings
from api.store.agreement.log import Disagreements, disagreements
from api.store.evidence.tlog import log_leaves
from tests.api.conftest import NODE, Posting, RunningApi, admin_of
from tests.api.contract.sample import LEAD_ID, TestSigner
from tests.api.contract.trust.test_revocation import make_crl, pem_of

OTHER = "L20261123-001008"


pytestmark = pytest.mark.usefixtures("agreement")


def enrolment(signer: TestSigner, *successions: Succession) -> dict[str, object]:
    document: dict[str, object] = {"name": NODE, "number": 1, "certificate_pem": signer.certificate_pem.decode()}
    return document | {"successions": [each.model_dump() for each in successions]}


def vouched(old: TestSigner, new: TestSigner) -> Succession:
    signature = base64.b64encode(old.sign(voucher(new.certificate))).decode()
    return Succession(certificate_pem=new.certificate_pem.decode(), signature=signature)


def leaves(api: RunningApi) -> list[str]:
    """What the log tells of keys."""
    with api.state.database.reading() as session:
        return [leaf.data.decode() for leaf in log_leaves(session, 0, 100) if leaf.kind == "key"]


def test_a_node_changes_its_key_by_itself(
    api: RunningApi,
    enrolled: httpx.Client,
    operator: httpx.Client,
    make_posting: Callable[..., Posting],
    signer: TestSigner,
) -> None:
    """Vouched for by the old key a new certificate is pinned; what the old one signed still comes in and verifies."""
    new, stranger = TestSigner(NODE), TestSigner("stranger")
    for document in (enrolment(new), enrolment(new, vouched(stranger, new)), enrolment(stranger, vouched(signer, new))):
        assert enrolled.post("/v1/nodes", json=document).status_code == 409
    assert enrolled.post("/v1/nodes", json=enrolment(new, vouched(signer, new))).status_code == 201
    assert enrolled.post("/v1/nodes", json=enrolment(new, vouched(signer, new))).status_code == 200
    assert make_posting(LEAD_ID).send(enrolled).status_code == 201
    assert make_posting(OTHER, by=new).send(enrolled).status_code == 201
    for lead in (LEAD_ID, OTHER):
        assert operator.get(f"/v1/evidence/{lead}/verification").json()["ok"] is True
        assert enrolled.get(f"/v1/evidence/{lead}/package.tar").status_code == 200
    assert '"event":"succeeded"' in leaves(api)[-1]


def test_an_authoritys_nodes_need_the_authority_trusted(
    api: RunningApi, worker: httpx.Client, operator: httpx.Client, make_posting: Callable[..., Posting]
) -> None:
    """422 until an admin trusts the bureau's authority; then its certificates count, in the roots file too."""
    authority = TestSigner("Bureau CA", ca=True)
    node = TestSigner(NODE, issuer=authority)
    assert worker.post("/v1/nodes", json=enrolment(node)).status_code == 422
    trusted = {"certificate_pem": authority.certificate_pem.decode()}
    assert worker.post("/v1/trust/authorities", json=trusted).status_code == 403
    assert operator.post("/v1/trust/authorities", json={"certificate_pem": "letter"}).status_code == 422
    for _ in range(2):
        assert operator.post("/v1/trust/authorities", json=trusted).status_code == 204
    assert worker.post("/v1/nodes", json=enrolment(node)).status_code == 201
    assert make_posting(LEAD_ID, by=node).send(worker).status_code == 201
    assert authority.certificate_pem in operator.get("/v1/trust/nodes.pem").content
    assert [event for event in leaves(api) if "authority trusted" in event] != []


def test_a_revoked_certificate_counts_for_what_was_stamped_before(
    api: RunningApi,
    enrolled: httpx.Client,
    operator: httpx.Client,
    make_posting: Callable[..., Posting],
    signer: TestSigner,
    tmp_path: Path,
) -> None:
    """After revocation nothing new comes in; a stamp from before keeps the old package, one from after does not."""
    assert make_posting(LEAD_ID).send(enrolled).status_code == 201
    tar = tmp_path / "p.tar"
    tar.write_bytes(operator.get(f"/v1/evidence/{LEAD_ID}/package.tar").content)
    name = fingerprint(signer.certificate)
    body = {"certificate_sha256": name, "reason": "密钥泄露"}
    assert enrolled.post("/v1/trust/revocations", json=body).status_code == 403
    late = body | {"since": rfc3339(utc_now() + timedelta(hours=1))}
    assert operator.post("/v1/trust/revocations", json=late).status_code == 422
    assert operator.post("/v1/trust/revocations", json=body | {"certificate_sha256": "ab" * 32}).status_code == 404
    assert operator.post("/v1/trust/revocations", json=body).status_code == 204
    assert operator.post("/v1/trust/revocations", json=body).status_code == 409
    assert make_posting(OTHER).send(enrolled).status_code == 422
    assert operator.get(f"/v1/evidence/{LEAD_ID}/verification").json()["ok"] is True
    roots = operator.get("/v1/trust/nodes.pem").content
    assert signer.certificate_pem not in roots
    revoked = parse_revoked(operator.get("/v1/trust/revoked.json").content)
    assert revoked[name].reason == "密钥泄露"
    assert not verify_package(tar, roots).ok
    assert verify_package(tar, roots, revoked=revoked).failures == ()
    earlier = {name: type(revoked[name])(utc_now() - timedelta(days=1), "found later")}
    (failure,) = verify_package(tar, roots, revoked=earlier).failures
    assert "was revoked at" in failure.sentence
    assert "吊销" in failure.sentence_zh
    assert [event for event in leaves(api) if '"event":"revoked"' in event] != []


def test_a_revoked_authority_counts_for_what_was_stamped_before(
    worker: httpx.Client, operator: httpx.Client, make_posting: Callable[..., Posting], tmp_path: Path
) -> None:
    """What its nodes sealed and the site stamped stays valid, here and offline; nothing new comes in under it."""
    authority = TestSigner("Bureau CA", ca=True)
    node = TestSigner(NODE, issuer=authority)
    trusted = {"certificate_pem": authority.certificate_pem.decode()}
    assert operator.post("/v1/trust/authorities", json=trusted).status_code == 204
    assert worker.post("/v1/nodes", json=enrolment(node)).status_code == 201
    assert make_posting(LEAD_ID, by=node).send(worker).status_code == 201
    tar = tmp_path / "p.tar"
    tar.write_bytes(operator.get(f"/v1/evidence/{LEAD_ID}/package.tar").content)
    name = fingerprint(authority.certificate)
    body = {"certificate_sha256": name, "reason": "换了机构"}
    assert operator.post("/v1/trust/revocations", json=body).status_code == 204
    assert operator.post("/v1/trust/authorities", json=trusted).status_code == 409
    assert make_posting(OTHER, by=node).send(worker).status_code == 422
    another = enrolment(TestSigner("worker-02", issuer=authority)) | {"name": "worker-02", "number": 2}
    assert worker.post("/v1/nodes", json=another).status_code == 422
    told = operator.get(f"/v1/evidence/{LEAD_ID}/verification").json()
    assert (told["ok"], told["verdict"], told["tsa"], told["log"]) == (True, "holds", "ok", "ok")
    roots = operator.get("/v1/trust/nodes.pem").content
    assert authority.certificate_pem not in roots
    revoked = parse_revoked(operator.get("/v1/trust/revoked.json").content)
    assert {check.name.value for check in verify_package(tar, roots).failures} == {"identity"}
    held = verify_package(tar, roots, revoked=revoked)
    assert (held.verdict, held.failures) == (PackageVerdict.HOLDS, ())
    late = {name: replace(revoked[name], at=utc_now() - timedelta(days=1))}
    for given in (roots, roots + authority.certificate_pem):
        (failure,) = verify_package(tar, given, revoked=late).failures
        assert "CN=Bureau CA was revoked at" in failure.sentence


def test_a_revoked_authority_that_is_among_the_time_stamp_roots_counts_no_more(
    settings: Settings,
    start_api: Callable[[Settings], RunningApi],
    make_posting: Callable[..., Posting],
    tmp_path: Path,
) -> None:
    """A bureau with one root for nodes and time-stamps: no roots file has it; what was stamped before stays valid."""
    bureau, outside = TestSigner("Bureau CA", ca=True), TestSigner("TSA Root", ca=True)
    node = TestSigner(NODE, issuer=bureau)
    crl = pem_of(make_crl(outside.certificate.subject, outside.key, 1, utc_now()))
    (tmp_path / "tsa.pem").write_bytes(bureau.certificate_pem + crl + outside.certificate_pem)
    key = create_worker_key(settings, "local")
    trusted = {"certificate_pem": bureau.certificate_pem.decode()}

    def files(api: RunningApi, lead: str, name: str, number: int, by: TestSigner) -> tuple[int, int]:
        with httpx.Client(base_url=api.url, headers={"Authorization": f"Bearer {key}"}, timeout=20) as worker:
            enrolled = worker.post("/v1/nodes", json=enrolment(by) | {"name": name, "number": number})
            return enrolled.status_code, make_posting(lead, by=by).send(worker).status_code

    before = start_api(settings)
    with admin_of(before) as operator:
        assert operator.post("/v1/trust/authorities", json=trusted).status_code == 204
        assert files(before, LEAD_ID, NODE, 1, node) == (201, 201)
        before.stop()
        outside_too = {"tsa_url": "http://127.0.0.1:9/", "tsa_roots": tmp_path / "tsa.pem"}
        api = start_api(settings.model_copy(update=outside_too))
        operator.base_url = api.url
        assert bureau.certificate_pem in operator.get("/v1/trust/nodes.pem").content
        body = {"certificate_sha256": fingerprint(bureau.certificate), "reason": "密钥泄露"}
        assert operator.post("/v1/trust/revocations", json=body).status_code == 204
        roots = operator.get("/v1/trust/nodes.pem").content
        assert bureau.certificate_pem not in roots
        assert roots.endswith(outside.certificate_pem + crl)
        assert files(api, OTHER, "worker-02", 2, TestSigner("worker-02", issuer=bureau)) == (422, 422)
        assert files(api, OTHER, NODE, 1, node) == (422, 422)
        assert operator.get(f"/v1/evidence/{LEAD_ID}/verification").json()["verdict"] == "holds"
    with api.state.database.snapshot() as session:
        assert disagreements(session) == Disagreements()


def test_a_node_s_certificate_does_not_become_an_authority_s(
    enrolled: httpx.Client, operator: httpx.Client, signer: TestSigner
) -> None:
    """409, where it was taken in silence and nothing done."""
    assert enrolled.get("/v1/nodes").json()["nodes"] != []
    answer = operator.post("/v1/trust/authorities", json={"certificate_pem": signer.certificate_pem.decode()})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:plumewatch:problem:not-trusted")


def test_a_list_that_gives_another_certificate_for_an_authority_is_refused() -> None:
    """The certificate in a list of revoked ones is the one that the fingerprint names."""
    authority, stranger = TestSigner("Bureau CA", ca=True), TestSigner("Bureau CA", ca=True)
    document = RevokedDocument(
        certificate_sha256=fingerprint(authority.certificate),
        at=utc_now(),
        reason="",
        certificate_pem=stranger.certificate_pem.decode(),
    )
    with pytest.raises(StampError, match="holds another certificate"):
        parse_revoked(RevokedList(revoked=[document]).model_dump_json().encode())


def test_a_revoked_key_installs_no_successor(
    api: RunningApi,
    enrolled: httpx.Client,
    operator: httpx.Client,
    make_posting: Callable[..., Posting],
    signer: TestSigner,
) -> None:
    """409, and nothing under its successor comes in; the node itself goes on under a new name with a new key."""
    successor = TestSigner(NODE)
    body = {"certificate_sha256": fingerprint(signer.certificate), "reason": "stolen"}
    assert operator.post("/v1/trust/revocations", json=body).status_code == 204
    told = leaves(api)
    for document in (enrolment(successor, vouched(signer, successor)), enrolment(signer)):
        refused = enrolled.post("/v1/nodes", json=document)
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:plumewatch:problem:node-taken")
        assert "was revoked at" in refused.json()["detail"]
    assert leaves(api) == told
    assert make_posting(LEAD_ID, by=successor).send(enrolled).status_code == 422
    assert successor.certificate_pem not in operator.get("/v1/trust/nodes.pem").content
    anew = TestSigner("worker-01b")
    document = {"name": "worker-01b", "number": 2, "certificate_pem": anew.certificate_pem.decode()}
    assert enrolled.post("/v1/nodes", json=document).status_code == 201


def test_a_key_that_was_followed_and_revoked_does_not_come_back(
    enrolled: httpx.Client, operator: httpx.Client, signer: TestSigner
) -> None:
    """Not even where its successor vouches for it; the successor stays."""
    new = TestSigner(NODE)
    assert enrolled.post("/v1/nodes", json=enrolment(new, vouched(signer, new))).status_code == 201
    body = {"certificate_sha256": fingerprint(signer.certificate), "reason": "stolen"}
    assert operator.post("/v1/trust/revocations", json=body).status_code == 204
    assert enrolled.post("/v1/nodes", json=enrolment(signer, vouched(new, signer))).status_code == 409
    assert enrolled.post("/v1/nodes", json=enrolment(new)).status_code == 200


@pytest.mark.parametrize("data", [b"", b"[]", b'{"revoked":[{}]}', b'{"revoked":[],"more":1}'])
def test_a_list_of_revoked_certificates_has_one_form(data: bytes) -> None:
    """Anything but the API's JSON is refused in one sentence."""
    with pytest.raises(StampError, match="list of revoked certificates"):
        parse_revoked(data)


def test_an_authority_s_own_list_revokes_its_nodes(
    api: RunningApi, worker: httpx.Client, operator: httpx.Client, make_posting: Callable[..., Posting]
) -> None:
    """What it names is refused from then on and told once; a list of a stranger, or no list at all, is 422."""
    authority = TestSigner("Bureau CA", ca=True)
    node = TestSigner(NODE, issuer=authority)
    pem = {"certificate_pem": authority.certificate_pem.decode()}
    assert operator.post("/v1/trust/authorities", json=pem).status_code == 204
    assert worker.post("/v1/nodes", json=enrolment(node)).status_code == 201
    at = utc_now() - timedelta(minutes=5)

    def post(by: TestSigner, serial: int) -> httpx.Response:
        crl = pem_of(make_crl(by.certificate.subject, by.key, serial, at))
        return operator.post("/v1/trust/crls", json={"crl_pem": crl.decode()})

    serial = node.certificate.serial_number
    for stranger in (TestSigner("Another CA", ca=True), TestSigner("Bureau CA", ca=True)):
        refused = post(stranger, serial)
        assert (refused.status_code, refused.json()["type"]) == (422, "urn:plumewatch:problem:bad-crl")
    assert operator.post("/v1/trust/crls", json={"crl_pem": "letter"}).status_code == 422
    assert worker.post("/v1/trust/crls", json={"crl_pem": "letter"}).status_code == 403
    assert post(authority, 4711).json() == {"revoked": []}
    assert make_posting(LEAD_ID, by=node).send(worker).status_code == 201
    (revoked,) = post(authority, serial).json()["revoked"]
    assert revoked["certificate_sha256"] == fingerprint(node.certificate)
    assert revoked["reason"] == "CRL of CN=Bureau CA: superseded"
    assert post(authority, serial).json() == {"revoked": []}, "once"
    assert make_posting(OTHER, by=node).send(worker).status_code == 422
    assert operator.get("/v1/trust/revoked.json").json()["revoked"] == [revoked]
    assert [event for event in leaves(api) if '"event":"revoked"' in event] != []
