"""Content credentials: clips, pictures and their covered copies with a C2PA manifest, made when they are asked for."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from api.clock import utc_now
from api.contract.evidence.manifest import Manifest, parse_manifest
from api.contract.evidence.package import MANIFEST, SUMS
from api.contract.trust.stamp import FILE_NAME_PATTERN, StampError, parse_sha256_list
from api.evidence.custody import filed_lead, note, package_sizes
from api.evidence.vault import VaultError
from api.people.auth import AnyOperator
from api.problems import Problem, too_large
from api.routes.leads import LeadIdPath
from api.state import ApiState, State
from api.store.evidence.custody import CustodyAction
from api.store.evidence.redactions import Redaction, copy_pieces, redactions_of
from api.trust.credentials import (
    CredentialsError,
    CredentialsMissing,
    Statement,
    media_type_of,
    write_credentials,
)
from api.trust.keys import KeysError, open_credentials_key

router = APIRouter(prefix="/v1/evidence/{lead_id}/c2pa", tags=["evidence"])

LARGEST_BYTES = 256 * 1024 * 1024


@router.get(
    "/{name}",
    response_class=FileResponse,
    responses={200: {"content": {"video/mp4": {}, "image/jpeg": {}, "image/png": {}}}},
)
def get_with_credentials(
    lead_id: LeadIdPath,
    name: Annotated[
        str, Path(pattern=f"^{FILE_NAME_PATTERN}$", description="a clip or picture of the package, or a covered copy")
    ],
    operator: AnyOperator,
    state: State,
    request: Request,
) -> FileResponse:
    """
    Give a copy with a C2PA manifest: original's hash, package, node, capture times, and whether parts are covered.

    Other bytes than the original's each time: it is no evidence itself, and says of what it is a copy. 501
    ``c2pa-missing`` where the extra is not installed; 413 beyond 256 MiB; 422 for a kind that can have no manifest.
    """
    try:
        media_type = media_type_of(name)
    except CredentialsError as fault:
        raise Problem(422, "invalid-input", f"name: {fault}") from fault
    sums = filed_lead(state, lead_id)[1]
    sizes = package_sizes(state, sums)
    with state.database.reading() as session:
        covered = next((one for one in redactions_of(session, lead_id) if one.name == name), None)
    file = name if covered is None else covered.file
    manifest, listed = _package(state, sums, sizes)
    if file not in sizes or file not in listed:
        raise Problem(404, "not-found", f"lead {lead_id} has no file or covered copy {name}")
    if sizes[file] > LARGEST_BYTES:
        raise too_large(file, LARGEST_BYTES)
    tie = None if covered is None else (covered.sha256, covered.log_index)
    statement = Statement(manifest, sums, file, listed[file], tie)
    stem = f"{lead_id}_{file.rpartition('.')[0]}" + ("" if covered is None else "_redacted")
    shown = f"{stem}_c2pa{FilePath(name).suffix.lower()}"
    note(
        state,
        request,
        operator,
        lead_id,
        name if covered is None else f"redactions/{name}",
        CustodyAction.EXPORTED,
        result="c2pa",
    )
    with contextlib.ExitStack() as stack:
        folder = FilePath(stack.enter_context(tempfile.TemporaryDirectory(prefix="c2pa-")))
        original = _written(
            folder / f"original{FilePath(file).suffix.lower()}", state.vault.read(sums, file, 0, sizes[file])
        )
        copy = original if covered is None else _copied(state, folder, covered)
        _sign(state, copy, folder / shown, original, statement)
        cleanup = stack.pop_all()
    return FileResponse(
        folder / shown,
        media_type=media_type,
        filename=shown,
        headers={"Cache-Control": "private, no-store"},
        background=BackgroundTask(cleanup.close),
    )


def _sign(state: ApiState, copy: FilePath, target: FilePath, original: FilePath, statement: Statement) -> None:
    keys = state.provers.keys
    try:
        signer = open_credentials_key(state.settings.keys_folder(), state.settings.site_name, keys.root, utc_now())
        write_credentials(copy, target, original, statement, signer, keys.root)
    except CredentialsMissing as fault:
        raise Problem(501, "c2pa-missing", str(fault)) from fault
    except CredentialsError as fault:
        raise Problem(422, "invalid-input", f"{statement.file}: {fault}") from fault
    except KeysError as fault:
        raise Problem(503, "keys-unavailable", str(fault)) from fault


def _package(state: ApiState, sums: str, sizes: dict[str, int]) -> tuple[Manifest, dict[str, str]]:
    """Return a package's manifest and list; answer 503 where they cannot be read."""
    try:
        manifest = parse_manifest(b"".join(state.vault.read(sums, MANIFEST, 0, sizes[MANIFEST])))
        return manifest, parse_sha256_list(b"".join(state.vault.read(sums, SUMS, 0, sizes[SUMS])))
    except (KeyError, StampError, VaultError) as fault:
        raise Problem(503, "vault-unavailable", f"the package cannot be read: {fault}") from fault


def _copied(state: ApiState, folder: FilePath, covered: Redaction) -> FilePath:
    target = folder / f"copy{FilePath(covered.name).suffix}"
    return _written(target, copy_pieces(state.database, covered, 0, covered.size))


def _written(path: FilePath, pieces: Iterator[bytes]) -> FilePath:
    with path.open("wb") as file:
        file.writelines(pieces)
    return path
