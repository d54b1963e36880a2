"""Compares nodes, their certificates and those of authorities with the log: pinned, succeeded, revoked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.contract.trust.stamp import StampError, fingerprint, read_certificates
from api.contract.wire.moment import rfc3339
from api.store.agreement.ledger import PIECE, Leaf, differing
from api.store.evidence.log_tables import CertificateRow
from api.store.evidence.trust import ANCHORS
from api.store.tables import NodeRow


@dataclass(frozen=True, slots=True)
class _Revocation:
    """Since when a certificate counts no longer, and why."""

    since: str
    reason: str
    log_index: int


@dataclass(slots=True)
class _Anchor:
    """A certificate as its first leaf has it: later leaves pin the existing one."""

    pinned: Mapping[str, str]
    log_index: int
    revocation: _Revocation | None = None


@dataclass(slots=True)
class _Pinned:
    """A node as its enrolment leaf has it, with the newest certificate."""

    number: int
    enrolled: str
    certificate: str
    log_index: int


class Keys:
    """
    Compares nodes and certificates with the leaves of kind ``key``.

    Neither table names its leaves, and both change in place, so they are held against where the leaves lead to: all
    that was ever trusted stays in memory. Which worker key enrolled a node is in no leaf and is not judged.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._anchors: dict[str, _Anchor] = {}
        self._nodes: dict[str, _Pinned] = {}

    def hold(self, leaf: Leaf) -> Iterator[str]:
        """Yield a contradiction between a leaf and earlier ones; the tables are compared at the end."""
        event, certificate, at = leaf.text("event"), leaf.text("certificate_sha256"), leaf.text("at")
        match event:
            case "enrolled":
                name = leaf.text("node")
                pinned = _Pinned(leaf.number("number"), at, certificate, leaf.index)
                if self._nodes.setdefault(name, pinned) is not pinned:
                    yield f"node {name} was enrolled once more (the log's leaf {leaf.index}), as if it had been gone"
                self._pin(leaf, "node", name)
            case "succeeded":
                name = leaf.text("node")
                node = self._nodes.get(name)
                if node is None or node.certificate != leaf.text("before"):
                    yield (
                        f"node {name} changed its key (the log's leaf {leaf.index}) from the certificate "
                        f"{leaf.text('before')}, which the log had not pinned for it"
                    )
                else:
                    node.certificate = certificate
                self._pin(leaf, "node", name)
            case "authority trusted":
                self._pin(leaf, "authority", leaf.text("name"))
            case "revoked":
                anchor = self._anchors.get(certificate)
                if anchor is None:
                    yield f"the log's leaf {leaf.index} revokes the certificate {certificate}, which it had not pinned"
                elif anchor.revocation is None:
                    anchor.revocation = _Revocation(leaf.text("since"), leaf.text("reason"), leaf.index)
            case _:
                raise ValueError(event)

    def close(self) -> Iterator[str]:
        """Yield the nodes and certificates that differ from the log."""
        nodes = select(NodeRow).order_by(NodeRow.number, NodeRow.name).execution_options(yield_per=PIECE)
        for node in self._session.scalars(nodes):
            yield from _node_faults(node, self._nodes.pop(node.name, None))
        yield from (f"node {name} (the log's leaf {told.log_index}) is gone" for name, told in self._nodes.items())
        rows = select(CertificateRow).order_by(CertificateRow.added, CertificateRow.fingerprint)
        for row in self._session.scalars(rows.execution_options(yield_per=PIECE)):
            anchor = self._anchors.pop(row.fingerprint, None)
            if anchor is not None or row.kind in ANCHORS:
                yield from _certificate_faults(row, anchor)
        for sha256, anchor in self._anchors.items():
            whose = f"{anchor.pinned['kind']} {anchor.pinned['name']}"
            yield f"the certificate {sha256} of {whose} (the log's leaf {anchor.log_index}) is gone"

    def _pin(self, leaf: Leaf, kind: str, name: str) -> None:
        pinned = {"kind": kind, "name": name, "added": leaf.text("at")}
        self._anchors.setdefault(leaf.text("certificate_sha256"), _Anchor(pinned, leaf.index))


def subjects_of(leaf: Leaf) -> frozenset[str]:
    """Return the subjects under which a leaf on a key may be listed: a revocation does not name its kind."""
    name = leaf.text("node" if "node" in leaf.record else "name")
    return frozenset(f"{kind}:{name}"[:160] for kind in ANCHORS)


def _node_faults(row: NodeRow, told: _Pinned | None) -> Iterator[str]:
    what = f"node {row.name}, number {row.number},"
    if told is None:
        yield f"{what} is in no leaf of the log"
        return
    logged: dict[str, JsonValue] = {"number": told.number, "enrolled": told.enrolled, "certificate": told.certificate}
    found: dict[str, JsonValue] = {
        "number": row.number,
        "enrolled": rfc3339(row.enrolled),
        "certificate": row.fingerprint,
    }
    if found != logged:
        yield f"{what} differs from the log since its leaf {told.log_index}: changed is {differing(logged, found)}"
    if not _is_of(row.certificate_pem, row.fingerprint):
        yield f"{what} has another certificate than the one that it is listed with, {row.fingerprint}"


def _certificate_faults(row: CertificateRow, told: _Anchor | None) -> Iterator[str]:
    what = f"the certificate {row.fingerprint} of {row.kind} {row.name}"
    if told is None:
        yield f"{what} is in no leaf of the log"
        return
    found = {"kind": row.kind, "name": row.name, "added": rfc3339(row.added)}
    if found != told.pinned:
        yield f"{what} is not the log's leaf {told.log_index}: changed is {differing(told.pinned, found)}"
    if not _is_of(row.pem, row.fingerprint):
        yield f"{what} is another one: its bytes have another hash"
    since = None if row.revoked is None else rfc3339(row.revoked)
    revoked = told.revocation
    if revoked is None:
        if since is not None:
            yield f"{what} is marked as revoked since {since}, and no leaf of the log says so"
    elif since is None:
        yield f"{what} was revoked since {revoked.since} (the log's leaf {revoked.log_index}); it is not marked so"
    elif (since, row.reason) != (revoked.since, revoked.reason):
        yield (
            f"{what} is marked as revoked since {since} ({row.reason}); "
            f"by the log's leaf {revoked.log_index} it was since {revoked.since} ({revoked.reason})"
        )


def _is_of(pem: str, sha256: str) -> bool:
    """True for the one certificate of that fingerprint, with no other block of PEM, which OpenSSL may trust too."""
    try:
        return pem.count("-----BEGIN") == 1 and [fingerprint(each) for each in read_certificates(pem.encode())] == [
            sha256
        ]
    except StampError:
        return False
