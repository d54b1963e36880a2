"""Workers in the store: their keys, and the nodes whose certificates are pinned."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from api.contract.wire.moment import rfc3339
from api.store.evidence.log_tables import CertificateRow
from api.store.evidence.tlog import LeafKind, append_record
from api.store.evidence.trust import certificates_of_key
from api.store.faults import RecordConflict, UnknownRecord
from api.store.people import token_sha256
from api.store.tables import NodeRow, PackageRow, WorkerKeyRow


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that showed its key."""

    key_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Node:
    """A pinned node."""

    name: str
    number: int
    fingerprint: str
    certificate_pem: str
    enrolled: datetime


def add_worker_key(session: Session, name: str, at: datetime) -> str:
    """Make a key for a worker and return its token, which is shown this once."""
    token = "pw_" + secrets.token_urlsafe(32)
    session.add(WorkerKeyRow(name=name, token_sha256=token_sha256(token), created=at))
    return token


def revoke_worker_key(session: Session, token: str, at: datetime) -> None:
    """Let a worker's key no longer count; raise `UnknownRecord`."""
    row = session.scalar(select(WorkerKeyRow).where(WorkerKeyRow.token_sha256 == token_sha256(token)))
    if row is None:
        raise UnknownRecord("there is no such worker key")
    row.revoked = at


def find_worker(session: Session, token: str) -> Worker | None:
    """Return the worker with this key, unless it was revoked."""
    row = session.scalar(
        select(WorkerKeyRow).where(WorkerKeyRow.token_sha256 == token_sha256(token), WorkerKeyRow.revoked.is_(None))
    )
    return None if row is None else Worker(row.key_id, row.name)


def enrol_node(
    session: Session,
    *,
    name: str,
    number: int,
    certificate_pem: str,
    fingerprint: str,
    key_id: int,
    at: datetime,
    succeeds: str | None = None,
) -> tuple[Node, bool]:
    """
    Pin a node's certificate; return the node and whether it is new.

    The same node again changes nothing, unless the key that enrolled it has been revoked: then it is this key's.
    A certificate is public and proves nobody's right to the node while the first key is valid. With `succeeds`, the
    fingerprint of the node's certificate until now, the new one takes its place: whoever calls has checked that the old
    key vouches for it. What the old one signed stays valid.

    Raises `RecordConflict` when name, number or certificate belong to another node, and for a revoked certificate: it
    is pinned no more, and its key names no successor; nor is a new certificate of a key that has none that counts.
    """
    for each in (fingerprint, succeeds):
        pinned = None if each is None else session.get(CertificateRow, each)
        if pinned is not None and pinned.revoked is not None:
            raise RecordConflict(
                f"the certificate {each} of node {pinned.name} was revoked at {rfc3339(pinned.revoked)}, so its key "
                "enrols nothing: start the worker with a new node folder and another node name"
            )
    gone = [row.revoked for row in certificates_of_key(session, certificate_pem)]
    if gone and all(gone):
        raise RecordConflict(
            "all certificates of this key were revoked, so it enrols nothing: start the worker with a new node folder "
            "and another node name"
        )
    taken = session.scalars(
        select(NodeRow).where(or_(NodeRow.name == name, NodeRow.number == number, NodeRow.fingerprint == fingerprint))
    ).all()
    if succeeds is not None and [row.fingerprint for row in taken] == [succeeds]:
        (row,) = taken
        if (row.name, row.number) == (name, number):
            row.fingerprint, row.certificate_pem = fingerprint, certificate_pem
            _pin(session, name, fingerprint, certificate_pem, at)
            change = {"event": "succeeded", "node": name, "certificate_sha256": fingerprint, "before": succeeds}
            append_record(session, LeafKind.KEY, change | {"at": rfc3339(at)}, f"node:{name}", at)
            return _node(row), True
    for row in taken:
        if (row.name, row.number, row.fingerprint) == (name, number, fingerprint):
            if session.get_one(WorkerKeyRow, row.key_id).revoked is not None:
                row.key_id = key_id
            return _node(row), False
        what = "name" if row.name == name else "number" if row.number == number else "certificate"
        raise RecordConflict(f"the {what} belongs to node {row.name}, number {row.number}")
    row = NodeRow(
        fingerprint=fingerprint,
        name=name,
        number=number,
        certificate_pem=certificate_pem,
        key_id=key_id,
        enrolled=at,
    )
    session.add(row)
    _pin(session, name, fingerprint, certificate_pem, at)
    facts = {"event": "enrolled", "node": name, "number": number, "certificate_sha256": fingerprint, "at": rfc3339(at)}
    append_record(session, LeafKind.KEY, facts, f"node:{name}", at)
    return _node(row), True


def _pin(session: Session, name: str, fingerprint: str, pem: str, at: datetime) -> None:
    if session.get(CertificateRow, fingerprint) is None:
        session.add(CertificateRow(fingerprint=fingerprint, kind="node", name=name, pem=pem, added=at, reason=""))
    session.flush()


def list_nodes(session: Session) -> list[Node]:
    """Return the pinned nodes by number."""
    return [_node(row) for row in session.scalars(select(NodeRow).order_by(NodeRow.number))]


def nodes_of(session: Session, worker: Worker) -> frozenset[str]:
    """Return the names of the nodes that a worker's key has enrolled."""
    return frozenset(session.scalars(select(NodeRow.name).where(NodeRow.key_id == worker.key_id)))


def find_node(session: Session, fingerprint: str) -> Node | None:
    """Return the node with this certificate, current or former, unless it was revoked."""
    certificate = session.get(CertificateRow, fingerprint)
    if certificate is None or certificate.kind != "node" or certificate.revoked is not None:
        return None
    row = session.scalar(select(NodeRow).where(NodeRow.name == certificate.name))
    return None if row is None else _node(row)


def _node(row: NodeRow) -> Node:
    return Node(row.name, row.number, row.fingerprint, row.certificate_pem, row.enrolled)


def has_made(session: Session, worker: Worker, lead_id: str) -> bool:
    """True when the lead's package was signed by a node that this worker's key has enrolled."""
    made = (
        select(PackageRow.lead_id)
        .join(CertificateRow, CertificateRow.fingerprint == PackageRow.node_fingerprint)
        .join(NodeRow, NodeRow.name == CertificateRow.name)
        .where(PackageRow.lead_id == lead_id, NodeRow.key_id == worker.key_id)
    )
    return session.scalar(made) is not None
