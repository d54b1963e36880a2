"""
Intake: a posted lead is checked, kept and filed; every step before the last can be repeated without harm.

1. The lead document is parsed, the package verified against the pinned node certificates, the two compared.
2. The package goes into the vault, which is write-once by content: storing it twice changes nothing.
3. One database transaction files the lead, the package, the transition, the wall event, their leaves in the log and
   the idempotent answer.

A crash between 2 and 3 leaves a package in the vault that no lead names; the outbox posts again and finds it there.
"""

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import JsonValue, ValidationError

from api.clock import utc_now
from api.contract.evidence.article41 import admissibility, local_day
from api.contract.evidence.manifest import Manifest
from api.contract.evidence.package import PROOFS, SMALL, SUMS, read_bytes
from api.contract.evidence.report import VerificationReport
from api.contract.evidence.tarball import open_package
from api.contract.evidence.verification import verify_package
from api.contract.trust.revocation import parse_crls
from api.contract.trust.stamp import ContractError, fingerprint, read_certificates
from api.contract.wire.lead import LeadDocument
from api.contract.wire.moment import rfc3339
from api.evidence.upload import Upload
from api.evidence.vault import VaultError
from api.problems import Problem
from api.state import ApiState
from api.store.evidence.camera_files import camera_file
from api.store.evidence.chains import add_link
from api.store.evidence.custody import CustodyAction, CustodyEntry, add_custody
from api.store.evidence.stamps import StampedKind, queue_stamp, store_stamp
from api.store.evidence.trust import revoked_certificates, trusted_pems
from api.store.faults import RecordConflict, ReusedKey
from api.store.leads import Filing, file_lead, find_answer
from api.store.workers import Worker, find_node, list_nodes
from api.trust.stamper import outside_roots

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the worker; ``fresh`` when something new was filed."""

    status: int
    body: str
    fresh: bool


def pinned_roots(state: ApiState) -> bytes:
    """
    Return what packages are verified against, one PEM file.

    The certificates of nodes, and of the authorities that issue them; the site's root; the roots of the outside
    time-stamp authority, and its revocation lists where they stand beside them. Nothing that was revoked, from
    wherever it comes: a bureau's root may be both.

    Rewritten from the certificates that were read: OpenSSL takes more from such a file (``TRUSTED CERTIFICATE``,
    lists) than this module reads, and what a worker sent with its certificate is no root.
    """
    with state.database.reading() as session:
        revoked = revoked_certificates(session)
        pems = [*trusted_pems(session), state.provers.keys.root.pem.decode()]
    outside = outside_roots(state.settings)
    certificates = [each for pem in pems for each in read_certificates(pem.encode())]
    certificates += read_certificates(outside) if outside else []
    lists = [each.public_bytes(Encoding.PEM) for each in parse_crls(outside)]
    standing = (each for each in certificates if fingerprint(each) not in revoked)
    return b"".join([*(each.public_bytes(Encoding.PEM) for each in standing), *lists])


def verify_filed(state: ApiState, folder: Path, lead_id: str) -> VerificationReport:
    """Verify a package of the vault with the site's current roots; raise `ContractError` if it cannot be read."""
    with state.database.reading() as session:
        revoked = revoked_certificates(session)
    crls = parse_crls(outside_roots(state.settings))
    return verify_package(folder, pinned_roots(state), lead_id=lead_id, revoked=revoked, crls=crls)


def take_in(state: ApiState, upload: Upload, worker: Worker, idempotency_key: str, address: str) -> Answer:
    """File a posted lead, or raise a `Problem` with the reason; blocks, call it from a thread."""
    lead = parse_lead(upload.lead)
    report = _verify(state, upload, lead)
    if lead.evidence is None or report.manifest is None:
        raise Problem(422, "lead-without-evidence", f"lead {lead.lead_id} names no evidence")
    _check_agreement(lead, lead.evidence.sums_sha256, report, report.manifest)
    content = hashlib.sha256(upload.lead + b"\n" + report.sums_sha256.encode()).hexdigest()
    with state.database.reading() as session, _refusals():
        node = find_node(session, report.certificate_sha256)
        known = find_answer(session, worker.key_id, idempotency_key, content)
    if known is not None:
        return Answer(known[0], known[1], fresh=False)
    if node is None or lead.node not in {"", node.name}:
        raise Problem(422, "foreign-node", f"the package is not signed by the enrolled node {lead.node!r}")
    manifest = report.manifest
    if not state.provers.stamper.agrees_with(manifest.created_utc):
        raise _too_early(lead.lead_id, manifest.created_utc)
    files, sums = _keep(state, upload, lead.lead_id, report.sums_sha256)
    stamp = state.provers.stamper.stamp_now(report.sums_sha256)
    kind = "pending" if stamp is None else stamp.kind
    place = lead.evidence.model_copy(update={"package": f"/v1/evidence/{lead.lead_id}", "tsa": kind})
    filing = Filing(
        key_id=worker.key_id,
        idempotency_key=idempotency_key,
        content_sha256=content,
        node=node.name,
        node_fingerprint=node.fingerprint,
        size=upload.size,
        files=files,
        sums=sums,
    )
    now = utc_now()
    with state.database.writing() as session:
        on_file = camera_file(session, lead.camera.id).file
        found = admissibility(on_file, lead.violation_code, local_day(lead.event.start))
        told = {"evidence": place, "node": node.name, "class_": found.class_}
        with _refusals():
            status, body = file_lead(session, lead.model_copy(update=told), filing, now)
        if status == HTTPStatus.CREATED:
            add_link(session, report.sums_sha256, manifest)
            digest = queue_stamp(session, StampedKind.PACKAGE, lead.lead_id, sums, now)
            if stamp is not None:
                store_stamp(session, digest, stamp)
            add_custody(
                session,
                CustodyEntry(lead.lead_id, "", CustodyAction.FILED, f"worker:{worker.name}", address, now, "verified"),
            )
    news = "lead filed" if status == HTTPStatus.CREATED else "lead is filed already"
    log.info(news, lead=lead.lead_id, camera=lead.camera.id, code=lead.violation_code, node=node.name)
    return Answer(status, body, fresh=status == HTTPStatus.CREATED)


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """Turn what the store does not take into problems."""
    try:
        yield
    except ReusedKey as fault:
        raise Problem(422, "idempotency-key-reused", str(fault)) from fault
    except RecordConflict as fault:
        raise Problem(409, "already-filed", str(fault)) from fault
    except OverflowError as fault:  # SQLite's; what PostgreSQL says is a `DataError`
        raise Problem(422, "invalid-input", f"lead: a number is beyond what can be kept: {fault}") from fault


def _too_early(lead_id: str, made: datetime) -> Problem:
    """Return the answer for a package dated in the future: a time-stamp of today would contradict it."""
    now = utc_now()
    log.error("lead dated in the future", lead=lead_id, made=rfc3339(made), ahead_s=round((made - now).total_seconds()))
    detail = (
        f"the package says that it was made at {rfc3339(made)}, and here it is {rfc3339(now)}: set the node's clock or "
        "the API's right; it is taken once that time has come"
    )
    return Problem(425, "from-the-future", detail, headers={"Retry-After": "60"})


def _keep(state: ApiState, upload: Upload, lead_id: str, sums_sha256: str) -> tuple[int, bytes]:
    """Put a verified package into the vault; return how many files it has, and the bytes of its ``SHA256SUMS``."""
    package = open_package(upload.package)
    try:
        if strange := PROOFS & set(package.sizes):
            raise Problem(422, "evidence-rejected", f"a node cannot bring {min(strange)}: it comes after filing")
        state.vault.keep(sums_sha256, package)
        return len(package.sizes), read_bytes(package, SUMS, SMALL)
    except VaultError as fault:
        log.error("evidence cannot be stored", lead=lead_id, error=str(fault))  # noqa: TRY400 (says it all)
        raise Problem(503, "vault-unavailable", "the evidence cannot be kept now; post it again later") from fault
    finally:
        package.close()


def parse_lead(data: bytes) -> LeadDocument:
    """Return the lead document in ``data``, or answer 422 with where and why."""
    try:
        return LeadDocument.model_validate_json(data)
    except ValidationError as fault:
        errors = [
            {"where": ".".join(["lead", *(str(part) for part in error["loc"])]), "reason": error["msg"]}
            for error in fault.errors(include_url=False, include_input=False, include_context=False)
        ]
        first = errors[0]
        extensions: dict[str, JsonValue] = {"errors": [dict(error) for error in errors]}
        raise Problem(422, "invalid-input", f"{first['where']}: {first['reason']}", extensions=extensions) from fault


def _verify(state: ApiState, upload: Upload, lead: LeadDocument) -> VerificationReport:
    with state.database.reading() as session:
        if not list_nodes(session):
            raise Problem(422, "foreign-node", "no node is enrolled; enrol its certificate first (POST /v1/nodes)")
    roots = pinned_roots(state)
    try:
        report = verify_package(upload.package, roots, lead_id=lead.lead_id)
    except ContractError as fault:
        state.metrics.verification_failures.labels(check="unreadable").inc()
        raise Problem(422, "evidence-rejected", f"the package cannot be read: {fault}") from fault
    if not report.ok:
        for check in report.failures:
            state.metrics.verification_failures.labels(check=check.name.value).inc()
        log.warning("evidence rejected", lead=lead.lead_id, checks=[check.name.value for check in report.failures])
        checks: list[JsonValue] = [
            {"name": check.name.value, "outcome": check.outcome.value, "sentence": check.sentence}
            for check in report.checks
        ]
        raise Problem(422, "evidence-rejected", report.failures[0].sentence, extensions={"checks": checks})
    return report


def _check_agreement(lead: LeadDocument, sums_sha256: str, report: VerificationReport, manifest: Manifest) -> None:
    """Answer 422 unless lead and package agree."""
    pairs: Iterable[tuple[str, object, object]] = (
        ("evidence.sums_sha256", sums_sha256, report.sums_sha256),
        ("lead_id", lead.lead_id, manifest.lead_id),
        ("violation_code", lead.violation_code, manifest.violation_code),
        ("camera.id", lead.camera.id, manifest.camera.id),
        ("rule.id", lead.rule.id, manifest.rule.id),
        ("model.sha256", lead.model.sha256, manifest.model.weights_sha256),
    )
    for name, said, found in pairs:
        if said != found:
            raise Problem(422, "lead-disagrees", f"the lead's {name} is {said}, the package's is {found}")
