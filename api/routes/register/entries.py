"""Entries of the register, the same calls for each kind: read by everybody logged in, changed by admins."""

from functools import partial
from typing import Annotated, cast

from fastapi import APIRouter, Header, Path, Query, Response
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api.clock import utc_now
from api.contract.fields import Reason
from api.contract.register.alert import AlertOrder
from api.contract.register.enterprise import Enterprise
from api.contract.register.entry import KEY_MOST, KEY_PATTERN
from api.contract.register.leniency import NoPenaltyItem
from api.contract.register.permit import Permit
from api.contract.register.places import Outlet, Premises
from api.contract.register.plan import Plan
from api.contract.register.staff import Officer, Unit
from api.people.auth import Admin, AnyOperator, caller_name
from api.problems import Problem
from api.register.sight import seen_premises
from api.routes.asked_time import AskedTime
from api.routes.register.views import ChangeView, EntryFilter, EntryHistory, EntryList, EntryView, PremisesFilter
from api.routes.stored import etag_of, named_version, store_faults
from api.state import State
from api.store.faults import UnknownRecord, UnreadableRecord
from api.store.register.changes import delete_entry, put_entry
from api.store.register.entries import (
    EntryPage,
    EntryT,
    Stored,
    all_entries,
    get_entry,
    history_of,
    list_entries,
    page_of,
)
from api.store.register.held import all_held, held_entries, held_stored
from api.store.register.standing import registry_version

router = APIRouter(tags=["register"])

KeyPath = Annotated[str, Path(max_length=KEY_MOST, pattern=KEY_PATTERN)]
Why = Annotated[Reason, Query(description="why, in your words; it goes into the log")]
IfMatch = Annotated[str | None, Header(description="the entry's ETag as you read it; left out for a new one")]

_LIST = "List entries by key, in pages; all that is asked for must hold. With `at` those that held then."
_SHOW = "Show an entry; its `ETag` is what a change must name. With `at` the one that held then; 404 where none did."
_HISTORY = "Show every change of an entry, oldest first, of one that was removed too."
_PUT = (
    "Enter all of an entry (201 for a new one). What held before stays known. 412: somebody else was faster; 428: it "
    "is there already and `If-Match` does not name its version."
)
_DELETE = "Mark an entry as removed from now on; its history stays. 412: somebody else was faster; 428: no `If-Match`."


def _add_reads(model: type[EntryT], path: str, asked_by: type[EntryFilter]) -> None:
    """Add the calls that show entries of a kind."""
    noun = model.kind.value

    def get_many(_: AnyOperator, state: State, asked: EntryFilter) -> EntryList[EntryT]:
        with state.database.reading() as session, found_entry():
            return EntryList.of(_page(session, model, asked), registry_version(session, asked.at))

    def get_one(
        key: KeyPath, _: AnyOperator, state: State, response: Response, at: Annotated[AskedTime | None, Query()] = None
    ) -> EntryView[EntryT]:
        with state.database.reading() as session, found_entry():
            stored = get_entry(session, model, key) if at is None else held_stored(session, model, key, at)
        if stored is None:
            raise Problem(404, "not-found", f"no {noun} {key} held at that time, as the register stood then")
        response.headers["ETag"] = etag_of(stored.version)
        return EntryView.of(stored)

    def get_history(key: KeyPath, _: AnyOperator, state: State) -> EntryHistory[EntryT]:
        with state.database.reading() as session, found_entry():
            changes = history_of(session, model, key)
        return EntryHistory(changes=[ChangeView.of(change) for change in changes])

    get_many.__annotations__["asked"] = Annotated[asked_by, Query()]
    for where, call, shown, summary, description in (
        ("", get_many, EntryList, "List", _LIST),
        ("/{key}", get_one, EntryView, "Show", _SHOW),
        ("/{key}/history", get_history, EntryHistory, "Show the changes of", _HISTORY),
    ):
        router.add_api_route(
            path + where,
            call,
            response_model=_shown(shown, model),
            summary=f"{summary}: {noun}",
            description=description,
        )


def _add_writes(model: type[EntryT], path: str) -> None:
    """Add the calls that change entries of a kind."""
    noun = model.kind.value

    async def put_one(
        key: KeyPath,
        body: EntryT,
        reason: Why,
        admin: Admin,
        state: State,
        response: Response,
        if_match: IfMatch = None,
    ) -> EntryView[EntryT]:
        if body.key != key:
            raise Problem(422, "invalid-input", f"the document is of {noun} {body.key}, the address of {key}")
        version = _named(if_match)

        def put() -> Stored[EntryT]:
            with state.database.writing() as session, found_entry():
                if version is None and _stands(session, model, key):
                    raise Problem(428, "if-match-required", f"{noun} {key} is there: If-Match must hold its ETag")
                return put_entry(session, body, version or 0, who=caller_name(admin), reason=reason, at=utc_now())

        stored = await run_in_threadpool(put)
        response.status_code = 201 if version is None else 200
        response.headers["ETag"] = etag_of(stored.version)
        return EntryView.of(stored)

    async def delete_one(key: KeyPath, reason: Why, admin: Admin, state: State, if_match: IfMatch = None) -> None:
        version = _named(if_match)
        if version is None:
            raise Problem(428, "if-match-required", f"the header If-Match must hold the ETag of {noun} {key}")

        def remove() -> None:
            with state.database.writing() as session, found_entry():
                delete_entry(session, model, key, version, who=caller_name(admin), reason=reason, at=utc_now())

        await run_in_threadpool(remove)

    put_one.__annotations__["body"] = model
    view = _shown(EntryView, model)
    router.add_api_route(
        path + "/{key}",
        put_one,
        methods=["PUT"],
        response_model=view,
        responses={201: {"model": view, "description": "It is new"}},
        summary=f"Enter or change: {noun}",
        description=_PUT,
    )
    router.add_api_route(
        path + "/{key}",
        delete_one,
        methods=["DELETE"],
        status_code=204,
        response_model=None,
        summary=f"Remove: {noun}",
        description=_DELETE,
    )


def _shown(view: type, model: type[EntryT]) -> type:
    """Return a generic view of a kind of entry, which only FastAPI looks at."""
    return cast("type", view[model])  # type: ignore[index]


def _page(session: Session, model: type[EntryT], asked: EntryFilter) -> EntryPage[EntryT]:
    if isinstance(asked, PremisesFilter) and asked.seen is not None:
        seen = seen_premises(session)
        entries = all_entries(session, model) if asked.at is None else all_held(session, model, asked.at)
        return page_of((each for each in entries if (each.document.key in seen) is asked.seen), asked.query())
    if asked.at is not None:
        return held_entries(session, model, asked.at, asked.query())
    return list_entries(session, model, asked.query())


def _named(if_match: str | None) -> int | None:
    """Return the version that ``If-Match`` names; answer 412 where it names none that an entry has."""
    version = None if if_match is None else named_version(if_match, "the entry")
    if version == 0:
        raise Problem(412, "stale-version", f"If-Match must be the ETag of the entry, found {if_match}")
    return version


def _stands(session: Session, model: type[EntryT], key: str) -> bool:
    try:
        get_entry(session, model, key)
    except UnreadableRecord:
        return True
    except UnknownRecord:
        return False
    return True


found_entry = partial(store_faults, {UnreadableRecord: (409, "unreadable-entry")})
"""Turns the store's faults on an entry into problems."""

for _model, _path in (
    (Enterprise, "/v1/registry/enterprises"),
    (Outlet, "/v1/registry/outlets"),
    (Premises, "/v1/registry/premises"),
    (Permit, "/v1/registry/permits"),
    (Officer, "/v1/registry/officers"),
    (Plan, "/v1/registry/plans"),
    (Unit, "/v1/units"),
    (NoPenaltyItem, "/v1/registry/no-penalty"),
    (AlertOrder, "/v1/alerts"),
):
    _add_reads(_model, _path, PremisesFilter if _model is Premises else EntryFilter)
    _add_writes(_model, _path)
