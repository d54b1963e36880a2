"""Nodes: enrolment of workers' certificates, and for operators the roots for offline verification."""

from typing import Annotated

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from api.clock import utc_now
from api.contract.fields import PEM_PATTERN, Pem, Reason
from api.contract.trust.enrolment import check_node_certificate
from api.contract.trust.revocation import RevokedDocument, RevokedList, parse_crls
from api.contract.trust.stamp import StampError, check_chain, fingerprint, read_certificate, read_certificates
from api.contract.trust.succession import MOST, Succession, succeeds
from api.contract.wire.document import Wire
from api.contract.wire.identifiers import Sha256
from api.contract.wire.moment import UtcTime
from api.evidence.intake import pinned_roots
from api.people.auth import Admin, AnyWorker, Reader, caller_name
from api.problems import Problem
from api.state import ApiState, State
from api.store.evidence.trust import add_authority, revoke_certificate, revoked_certificates, take_crls
from api.store.faults import RecordConflict, UnknownRecord
from api.store.workers import Node, enrol_node, list_nodes

router = APIRouter(prefix="/v1", tags=["nodes"])


class Enrolment(Wire):
    """A node and the certificate it signs evidence with."""

    name: Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._-]+$")]
    number: Annotated[int, Field(ge=0, le=999_999, description="the node's own range of lead numbers")]
    certificate_pem: Annotated[Pem, Field(description="one P-256 certificate, PEM")]
    successions: Annotated[
        list[Succession],
        Field(default_factory=list, max_length=MOST, description="from the certificate that is pinned to this one"),
    ]


class NodeDocument(BaseModel):
    """A pinned node."""

    name: str
    number: int
    fingerprint: str = Field(description="SHA-256 of the certificate's DER")
    certificate_pem: str
    enrolled: UtcTime


class NodeList(BaseModel):
    """Pinned nodes by number."""

    nodes: list[NodeDocument]


def _document(node: Node) -> NodeDocument:
    return NodeDocument(
        name=node.name,
        number=node.number,
        fingerprint=node.fingerprint,
        certificate_pem=node.certificate_pem,
        enrolled=node.enrolled,
    )


@router.post("/nodes", status_code=201, responses={200: {"model": NodeDocument, "description": "It is pinned already"}})
def post_node(body: Enrolment, worker: AnyWorker, state: State, response: Response) -> NodeDocument:
    """
    Pin a node's certificate; 200 when it is pinned already, 409 when name or number belong to another one.

    409 also for a revoked certificate, and for one that only a revoked certificate's key vouches for.
    422 ``bad-certificate`` also for one that may issue others, is for time-stamps or names the policy of a site's root.
    """
    try:
        certificate = read_certificate(body.certificate_pem.encode())
        check_node_certificate(certificate)
        if certificate.issuer != certificate.subject:
            check_chain(certificate, read_certificates(pinned_roots(state)), utc_now())
        before = _before(state, body, certificate)
    except StampError as fault:
        raise Problem(422, "bad-certificate", str(fault)) from fault
    with state.database.writing() as session:
        try:
            node, created = enrol_node(
                session,
                name=body.name,
                number=body.number,
                certificate_pem=certificate.public_bytes(Encoding.PEM).decode(),
                fingerprint=fingerprint(certificate),
                key_id=worker.key_id,
                at=utc_now(),
                succeeds=before,
            )
        except RecordConflict as fault:
            raise Problem(409, "node-taken", str(fault)) from fault
    response.status_code = 201 if created else 200
    return _document(node)


def _before(state: ApiState, body: Enrolment, certificate: x509.Certificate) -> str | None:
    """Return the fingerprint of the pinned certificate that the new one succeeds, if its key vouches for that."""
    with state.database.reading() as session:
        pinned = next(
            (node for node in list_nodes(session) if (node.name, node.number) == (body.name, body.number)), None
        )
    if pinned is None or not succeeds(read_certificate(pinned.certificate_pem.encode()), body.successions, certificate):
        return None
    return pinned.fingerprint


@router.get("/nodes")
def get_nodes(_: Reader, state: State) -> NodeList:
    """List the pinned nodes."""
    with state.database.reading() as session:
        return NodeList(nodes=[_document(node) for node in list_nodes(session)])


@router.get("/trust/nodes.pem", response_class=Response, responses={200: {"content": {"application/x-pem-file": {}}}})
def get_roots(_: Reader, state: State) -> Response:
    """
    Give the roots file of ``plumewatch verify`` and ``verify.sh``.

    The certificates of nodes and of the authorities that issue them, without revoked ones; the site's root; the roots
    of the outside time-stamp authority.
    """
    return Response(
        pinned_roots(state),
        media_type="application/x-pem-file",
        headers={"Content-Disposition": 'attachment; filename="plumewatch-roots.pem"'},
    )


class NewAuthority(Wire):
    """An authority that issues certificates to nodes."""

    certificate_pem: Annotated[Pem, Field(description="one self-signed certificate, PEM")]


class NewRevocation(Wire):
    """A certificate that is to count no longer."""

    certificate_sha256: Sha256
    reason: Annotated[Reason, Field(max_length=500)]
    since: Annotated[
        UtcTime | None, Field(description="when the key may have been in other hands; now, if not given")
    ] = None


class NewCrls(Wire):
    """Lists of revoked certificates as an authority publishes them."""

    crl_pem: Annotated[
        str, Field(max_length=900_000, pattern=PEM_PATTERN, description="one or more CRLs (RFC 5280), PEM")
    ]


@router.post("/trust/authorities", status_code=204)
def post_authority(body: NewAuthority, admin: Admin, state: State) -> None:
    """
    Trust an authority (the bureau's CA): nodes may then enrol with certificates issued by it. It is a leaf of the log.

    409 for a certificate that was revoked, or is a node's. A revocation is not taken back: trust a new certificate.
    """
    try:
        (certificate,) = read_certificates(body.certificate_pem.encode())
        check_chain(certificate, [certificate], utc_now())
    except (StampError, ValueError) as fault:
        raise Problem(422, "bad-certificate", f"one valid self-signed certificate is needed: {fault}") from fault
    with state.database.writing() as session:
        try:
            add_authority(
                session,
                fingerprint=fingerprint(certificate),
                name=certificate.subject.rfc4514_string(),
                pem=certificate.public_bytes(Encoding.PEM).decode(),
                by=caller_name(admin),
                at=utc_now(),
            )
        except RecordConflict as fault:
            raise Problem(409, "not-trusted", str(fault)) from fault


@router.post("/trust/revocations", status_code=204)
def post_revocation(body: NewRevocation, admin: Admin, state: State) -> None:
    """
    Revoke the certificate of a node or authority, and all others of its key: what it signs is refused from now on.

    What an accepted time-stamp shows to be older stays valid. 404 for an unknown certificate, 409 where it and all
    others of its key are revoked already.
    """
    now = utc_now()
    if body.since is not None and body.since > now:
        raise Problem(422, "invalid-input", "a certificate cannot be revoked from a time to come")
    with state.database.writing() as session:
        try:
            revoke_certificate(
                session,
                body.certificate_sha256,
                since=body.since or now,
                reason=body.reason,
                by=caller_name(admin),
                at=now,
            )
        except UnknownRecord as fault:
            raise Problem(404, "not-found", str(fault)) from fault
        except RecordConflict as fault:
            raise Problem(409, "already-revoked", str(fault)) from fault


@router.post("/trust/crls", response_model_exclude_none=True)
def post_crls(body: NewCrls, admin: Admin, state: State) -> RevokedList:
    """
    Revoke the certificates on a trusted authority's own lists, and return those not revoked before.

    With it all others of its key, unless it was merely superseded.
    Post each new list; one that names nothing new changes nothing. 422 ``bad-crl``: no list, or not signed by an
    authority that is trusted here.
    """
    try:
        crls = parse_crls(body.crl_pem.encode())
        with state.database.writing() as session:
            return RevokedList(revoked=take_crls(session, crls, by=caller_name(admin), at=utc_now()))
    except StampError as fault:
        raise Problem(422, "bad-crl", str(fault)) from fault


@router.get("/trust/revoked.json", response_model_exclude_none=True)
def get_revoked(_: Reader, state: State) -> RevokedList:
    """Give what was revoked, and since when: the ``--revoked`` of ``plumewatch verify``."""
    with state.database.reading() as session:
        revoked = revoked_certificates(session)
    return RevokedList(
        revoked=[
            RevokedDocument(
                certificate_sha256=name,
                at=each.at,
                reason=each.reason,
                certificate_pem=None if each.authority is None else each.authority.public_bytes(Encoding.PEM).decode(),
            )
            for name, each in sorted(revoked.items())
        ]
    )
