"""
Events: the wall's sequence, by GET or WebSocket, without loss or repeat.

The truth is the table; the bus only wakes a reader early. A reader remembers the cursor of the last event it has seen
and continues after it.
"""

import asyncio
import contextlib
from typing import Annotated

import structlog
from fastapi import APIRouter, Query, Response, WebSocket
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocketDisconnect

from api.contract.wire.event import WallEvent
from api.fleet.broker import stop_tasks, wait_for_bell
from api.people.auth import LOGGED_OUT, AnyOperator, Reader, until_logged_out
from api.sockets import UNSUPPORTED_DATA, until_gone
from api.state import ApiState, State
from api.store.columns import SERIAL_MOST
from api.store.events import events_after, newest_cursor

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/v1/events", tags=["events"])

BATCH = 100
LOOK_PERIOD_S = 2.0
"""Period of polling: bells of other processes are lost while the bus is away."""
CURSOR_AHEAD = 4409
"""Close code for a cursor that this sequence has not reached: the wall was fed by another database."""

Cursor = Annotated[int, Query(ge=0, le=SERIAL_MOST)]


class EventPage(BaseModel):
    """Events in order."""

    events: list[WallEvent]
    newest: int = Field(description="cursor of the newest event there is; less than `after`: start again from 0")


@router.get("", response_model=EventPage)
def get_events(
    _: Reader,
    state: State,
    after: Cursor = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = BATCH,
) -> Response:
    """List events after a cursor, oldest first."""
    with state.database.reading() as session:
        newest = newest_cursor(session)
        events = events_after(session, after, limit)
    body = '{"events":[' + ",".join(document for _, document in events) + f'],"newest":{newest}}}'
    return Response(body, media_type="application/json")


@router.websocket("")
async def follow_events(websocket: WebSocket, _: AnyOperator, state: State, cursor: int | None = None) -> None:
    """
    Send each event after ``cursor`` as one JSON text until closed; without a cursor only new ones.

    Messages of the reader are ignored; a binary one closes the socket with 1003.
    """
    await websocket.accept()
    newest = await run_in_threadpool(_newest, state)
    if cursor is not None and not 0 <= cursor <= newest:
        await websocket.close(CURSOR_AHEAD, f"the newest event has cursor {newest}")
        return
    sender = asyncio.create_task(_send(websocket, state, newest if cursor is None else cursor))
    listener = asyncio.create_task(until_gone(websocket))
    session = asyncio.create_task(until_logged_out(websocket, state))
    try:
        done, _running = await asyncio.wait({sender, listener, session}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for fault in await stop_tasks((sender, listener, session)):  # before the close: nothing may be sent after one
            if not isinstance(fault, WebSocketDisconnect):
                log.error("event reader failed", exc_info=fault)
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # the reader may have disconnected
        if session in done and session.exception() is None:
            await websocket.close(LOGGED_OUT, "the session is over")
        elif listener in done and listener.exception() is None:
            await websocket.close(UNSUPPORTED_DATA, "this socket takes no binary messages")


async def _send(websocket: WebSocket, state: ApiState, cursor: int) -> None:
    while True:
        bell = state.broker.bell
        events = await run_in_threadpool(_after, state, cursor)
        for number, document in events:
            await websocket.send_text(document)
            cursor = number
        if len(events) < BATCH:
            await wait_for_bell(bell, LOOK_PERIOD_S)


def _newest(state: ApiState) -> int:
    with state.database.reading() as session:
        return newest_cursor(session)


def _after(state: ApiState, cursor: int) -> list[tuple[int, str]]:
    with state.database.reading() as session:
        return events_after(session, cursor, BATCH)
