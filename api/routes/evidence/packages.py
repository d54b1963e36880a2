"""Evidence: a filed package, file by file or whole; every look at it is recorded in its custody."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from api.clock import utc_now
from api.contract.evidence.manifest import Manifest
from api.contract.evidence.package import MANIFEST
from api.contract.evidence.report import PackageVerdict
from api.contract.evidence.tarball import tar_chunks
from api.contract.trust.stamp import FILE_NAME_PATTERN, ContractError, parse_sha256_list, sha256_hex
from api.contract.wire.moment import UtcTime
from api.evidence.custody import filed_lead, missing, note, package_sizes
from api.evidence.intake import verify_filed
from api.evidence.proofs import proofs_of, proven_folder
from api.evidence.ranges import is_known, served
from api.evidence.vault import MissingEvidence, VaultError
from api.people.auth import AnyOperator, Reader
from api.problems import Problem
from api.routes.leads import LeadIdPath
from api.state import ApiState, State
from api.store.evidence.custody import CustodyAction
from api.store.people import Operator
from api.store.workers import Worker, has_made

router = APIRouter(prefix="/v1/evidence/{lead_id}", tags=["evidence"])

MEDIA_TYPES = {
    ".mp4": "video/mp4",
    ".ts": "video/mp2t",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".csv": "text/csv; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".crt": "application/x-pem-file",
}
SHOWN = frozenset({".mp4", ".ts", ".jpg", ".png", ".json"})
"""Kinds that a browser may show; the rest is only downloaded."""
PLAYED = frozenset({".mp4", ".ts"})


class FileEntry(BaseModel):
    """A file of the package."""

    name: str
    size: int
    sha256: str | None = Field(description="as SHA256SUMS says; null for what comes after the list")


class FileList(BaseModel):
    """All files of a package."""

    lead_id: str
    sums_sha256: str
    files: list[FileEntry]


class CheckDocument(BaseModel):
    """One check of a verification."""

    name: str
    title: str = Field(description="in Chinese")
    outcome: str = Field(description="ok, fail, skipped or missing")
    sentence: str
    sentence_zh: str


class VerificationDocument(BaseModel):
    """The result of a verification made for this answer."""

    ok: bool = Field(description="whether no check failed")
    verdict: PackageVerdict = Field(
        description="incomplete: nothing failed, and a proof that should be there is missing"
    )
    lead_id: str | None
    sums_sha256: str
    certificate_sha256: str
    tsa: str = Field(description="none, ok, unchecked or fail")
    tsa_kind: str = Field(description="whose authority stamped it: none, own, licensed, unchecked")
    authority: str = Field(description="name of the authority in its certificate; empty where no stamp holds")
    stamped: UtcTime | None = Field(description="when, where a stamp holds")
    log: str = Field(description="none, ok, unchecked or fail")
    log_index: int | None = Field(description="which leaf of the site's log the package is")
    checks: list[CheckDocument]
    verified_at: UtcTime


@router.get("", response_model=Manifest)
def get_manifest(lead_id: LeadIdPath, operator: AnyOperator, state: State, request: Request) -> Response:
    """Give the manifest, byte for byte as it is in the package."""
    return _file(state, request, operator, lead_id, MANIFEST, download=False)


@router.get("/files")
def get_files(lead_id: LeadIdPath, _: AnyOperator, state: State) -> FileList:
    """List the package's files with size and hash."""
    sums = filed_lead(state, lead_id)[1]
    sizes = package_sizes(state, sums)
    listed = parse_sha256_list(b"".join(state.vault.read(sums, "SHA256SUMS", 0, sizes["SHA256SUMS"])))
    sizes |= {name: len(data) for name, data in proofs_of(state, sums).items()}
    files = [FileEntry(name=name, size=size, sha256=listed.get(name)) for name, size in sorted(sizes.items())]
    return FileList(lead_id=lead_id, sums_sha256=sums, files=files)


@router.get(
    "/files/{name}",
    response_class=StreamingResponse,
    responses={
        200: {"content": {kind: {} for kind in (*MEDIA_TYPES.values(), "text/plain", "application/octet-stream")}},
        206: {"description": "the byte range asked for"},
        416: {"description": "the range is outside the file"},
    },
)
def get_file(
    lead_id: LeadIdPath,
    name: Annotated[str, Path(pattern=f"^{FILE_NAME_PATTERN}$")],
    operator: AnyOperator,
    state: State,
    request: Request,
    download: Annotated[bool, Query(description="ask the browser to save it")] = False,
) -> Response:
    """Send a file of the package, whole or a byte range of it (``Range``, ``If-Range``, ``If-None-Match``)."""
    return _file(state, request, operator, lead_id, name, download=download)


@router.head("/files/{name}", include_in_schema=False)
def head_file(
    lead_id: LeadIdPath,
    name: Annotated[str, Path(pattern=f"^{FILE_NAME_PATTERN}$")],
    operator: AnyOperator,
    state: State,
    request: Request,
) -> Response:
    """Return a file's size, type and tag; no content is sent, so custody records nothing."""
    return _file(state, request, operator, lead_id, name, download=False)


@router.get(
    "/package.tar",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/x-tar": {}}}},
)
def get_package(lead_id: LeadIdPath, caller: Reader, state: State, request: Request) -> Response:
    """
    Give the whole package as a plain tar, with the proofs that it has by now; a worker may fetch what its node made.

    The same bytes each time, until a further proof arrives.
    """
    if isinstance(caller, Worker):
        with state.database.reading() as session:
            if not has_made(session, caller, lead_id):
                raise Problem(403, "foreign-package", "a worker may fetch only the packages that its own node made")
    sums = filed_lead(state, lead_id)[1]
    proofs = proofs_of(state, sums)
    sizes = package_sizes(state, sums) | {name: len(data) for name, data in proofs.items()}
    etag = f'"{sums[:32]}-{sha256_hex(b"".join(proofs[name] for name in sorted(proofs)))[:16]}.tar"'
    if is_known(request, etag):
        return Response(status_code=304, headers={"ETag": etag})
    note(state, request, caller, lead_id, "", CustodyAction.DOWNLOADED)

    def chunks() -> Iterator[bytes]:
        with proven_folder(state, sums, lead_id, proofs) as folder:
            yield from tar_chunks(folder)

    length = 512 + sum(512 + size + -size % 512 for size in sizes.values()) + 1024
    headers = {
        "Content-Length": str(length),
        "Content-Disposition": f'attachment; filename="{lead_id}.tar"',
        "Cache-Control": "private, no-store",
        "ETag": etag,
    }
    return StreamingResponse(chunks(), headers=headers, media_type="application/x-tar")


@router.get("/verification")
def get_verification(
    lead_id: LeadIdPath, operator: AnyOperator, state: State, request: Request
) -> VerificationDocument:
    """Verify the package as it is in the vault now, against the pinned node certificates."""
    sums = filed_lead(state, lead_id)[1]
    try:
        with proven_folder(state, sums, lead_id) as folder:
            report = verify_filed(state, folder, lead_id)
    except MissingEvidence as fault:
        raise missing(state, sums, fault) from fault
    except (VaultError, ContractError) as fault:
        raise Problem(503, "vault-unavailable", f"the package cannot be read: {fault}") from fault
    if report.sums_sha256 != sums:
        raise Problem(500, "evidence-altered", f"the vault's package hashes to {report.sums_sha256}, not to {sums}")
    result = "ok" if report.ok else "failed"
    note(state, request, operator, lead_id, "", CustodyAction.VERIFIED, result=result)
    return VerificationDocument.model_validate(report.as_dict() | {"verified_at": utc_now()})


def _file(
    state: ApiState, request: Request, operator: Operator, lead_id: str, name: str, *, download: bool
) -> Response:
    sums = filed_lead(state, lead_id)[1]
    proofs = proofs_of(state, sums)
    sizes = package_sizes(state, sums) | {file: len(data) for file, data in proofs.items()}
    if name not in sizes:
        raise Problem(404, "not-found", f"the package of lead {lead_id} holds no file {name}")
    size = sizes[name]
    suffix = "." + name.rpartition(".")[2].lower()
    shown = suffix in SHOWN and not download
    etag = f'"{sums[:32]}-{name}{sha256_hex(proofs[name])[:16] if name in proofs else ""}"'
    disposition = f'{"inline" if shown else "attachment"}; filename="{lead_id}_{name}"'
    answer = served(request, size, etag, disposition)
    if answer.status == HTTPStatus.NOT_MODIFIED:
        return Response(status_code=answer.status, headers=answer.headers)
    kind = MEDIA_TYPES.get(suffix, "text/plain; charset=utf-8" if suffix == ".sh" else None) or (
        "text/plain; charset=utf-8" if name == "SHA256SUMS" else "application/octet-stream"
    )
    if request.method == "HEAD":
        return Response(status_code=answer.status, headers=answer.headers, media_type=kind)
    note(state, request, operator, lead_id, name, _look(suffix, shown=shown))
    start, end = answer.start, answer.end
    kept = name not in proofs
    pieces = state.vault.read(sums, name, start, end - start) if kept else iter([proofs[name][start:end]])
    return StreamingResponse(pieces, status_code=answer.status, headers=answer.headers, media_type=kind)


def _look(suffix: str, *, shown: bool) -> CustodyAction:
    if not shown:
        return CustodyAction.DOWNLOADED
    return CustodyAction.PLAYED if suffix in PLAYED else CustodyAction.VIEWED
