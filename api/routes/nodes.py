"""Nodes: a worker enrols its certificate; anybody logged in may fetch the roots for offline verification."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import AnyWorker, Reader
from api.clock import utc_now
from api.contract.schema import UtcTime
from api.contract.stamp import StampError, fingerprint, read_certificate
from api.intake import pinned_roots
from api.problems import Problem
from api.state import State
from api.store.faults import RecordConflict
from api.store.workers import Node, enrol_node, list_nodes

router = APIRouter(prefix="/v1", tags=["nodes"])


class Enrolment(BaseModel):
    """A node and the certificate it signs evidence with."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._-]+$")]
    number: Annotated[int, Field(ge=0, le=999_999, description="the node's own range of lead numbers")]
    certificate_pem: Annotated[str, Field(max_length=20_000, description="one P-256 certificate, PEM")]


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


@router.post("/nodes", status_code=201)
def post_node(body: Enrolment, worker: AnyWorker, state: State, response: Response) -> NodeDocument:
    """Pin a node's certificate; 200 when it is pinned already, 409 when name or number belong to another one."""
    try:
        certificate = read_certificate(body.certificate_pem.encode())
    except StampError as fault:
        raise Problem(422, "bad-certificate", str(fault)) from fault
    with state.database.writing() as session:
        try:
            node, created = enrol_node(
                session,
                name=body.name,
                number=body.number,
                certificate_pem=body.certificate_pem,
                fingerprint=fingerprint(certificate),
                key_id=worker.key_id,
                at=utc_now(),
            )
        except RecordConflict as fault:
            raise Problem(409, "node-taken", str(fault)) from fault
    response.status_code = 201 if created else 200
    return _document(node)


@router.get("/nodes")
def get_nodes(_: Reader, state: State) -> NodeList:
    """List the pinned nodes."""
    with state.database.reading() as session:
        return NodeList(nodes=[_document(node) for node in list_nodes(session)])


@router.get("/trust/nodes.pem", response_class=Response, responses={200: {"content": {"application/x-pem-file": {}}}})
def get_roots(_: Reader, state: State) -> Response:
    """Give the certificates of all pinned nodes: the roots file of ``plumewatch verify`` and ``verify.sh``."""
    return Response(
        pinned_roots(state),
        media_type="application/x-pem-file",
        headers={"Content-Disposition": 'attachment; filename="plumewatch-roots.pem"'},
    )
