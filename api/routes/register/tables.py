"""Tables of the register over HTTP: one comes in and is entered, one goes out, an empty one is filled in elsewhere."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.clock import utc_now
from api.contract.register.entry import Entry, RegisterKind
from api.contract.register.kinds import KINDS
from api.evidence.upload import receive_body
from api.people.auth import Admin, AnyOperator, caller_name
from api.problems import Problem
from api.register.columns import HeadError
from api.register.importing import ImportReport, import_table
from api.register.table import MOST_BYTES, TableError, TableFormat, write_table
from api.routes.register.entries import Why
from api.state import State
from api.store.register.entries import all_entries

router = APIRouter(prefix="/v1/registry", tags=["register"])

Kind = Annotated[RegisterKind, Query(description="what the rows are")]
Format = Annotated[TableFormat, Query(alias="format")]
Chinese = Annotated[bool, Query(description="heads and words in Chinese")]
_FILE = {"schema": {"type": "string", "format": "binary"}}
_FILES = {form.media_type.partition(";")[0]: _FILE for form in TableFormat}
_BODY = {"requestBody": {"required": True, "content": {**_FILES, "application/octet-stream": _FILE}}}


@router.post("/import", openapi_extra=_BODY)
async def post_import(
    request: Request,
    kind: Kind,
    reason: Why,
    admin: Admin,
    state: State,
    *,
    dry_run: Annotated[bool, Query(description="say what would come of it and write nothing")] = False,
    partial: Annotated[bool, Query(description="enter the good rows although others are wrong")] = False,
) -> ImportReport:
    """
    Enter the rows of a table: XLSX, or CSV in UTF-8 or GB 18030, whatever the ``Content-Type`` says.

    Heads are English or Chinese. A column that is not there leaves what is registered, an empty cell takes it away, and
    entries that the table does not name stay. One wrong row and nothing is written, unless ``partial``: ``written`` in
    the answer tells. 413 beyond 16 MiB, 422 for what is no such table.
    """
    async with receive_body(request, state.settings.data_dir, MOST_BYTES, "table") as table:

        def enter() -> ImportReport:
            return import_table(
                state.database,
                kind,
                table.path.read_bytes(),
                who=caller_name(admin),
                reason=reason,
                at=utc_now(),
                dry_run=dry_run,
                partial=partial,
            )

        try:
            return await run_in_threadpool(enter)
        except (TableError, HeadError) as fault:
            raise Problem(422, "no-such-table", str(fault)) from fault


@router.get("/export", response_class=Response, responses={200: {"content": _FILES}})
def get_export(
    kind: Kind, _: AnyOperator, state: State, form: Format = TableFormat.XLSX, *, zh: Chinese = False
) -> Response:
    """Send all entries of a kind as they stand, as a table that can be imported again."""
    with state.database.reading() as session:
        return _file(kind, (stored.document for stored in all_entries(session, KINDS[kind])), form, zh=zh)


@router.get("/template", response_class=Response, responses={200: {"content": _FILES}})
def get_template(kind: Kind, _: AnyOperator, form: Format = TableFormat.XLSX, *, zh: Chinese = False) -> Response:
    """Send a table of a kind with heads alone; in XLSX a second sheet says what each column holds."""
    return _file(kind, (), form, zh=zh)


def _file(kind: RegisterKind, entries: Iterable[Entry], form: TableFormat, *, zh: bool) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{kind}.{form}"'}
    return Response(write_table(kind, entries, form, zh=zh), media_type=form.media_type, headers=headers)
