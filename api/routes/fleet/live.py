"""Live tiles: fMP4 and overlay messages of one camera over a WebSocket."""

import asyncio
import contextlib

import structlog
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from api.fleet.broker import BusDown, stop_tasks
from api.fleet.live import LiveViewer
from api.people.auth import LOGGED_OUT, AnyOperator, until_logged_out
from api.routes.fleet.cameras import CameraIdPath
from api.sockets import UNSUPPORTED_DATA, until_gone
from api.state import State

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/v1/cameras", tags=["cameras"])

TRY_AGAIN_LATER = 1013


@router.websocket("/{camera_id}/live")
async def watch_live(websocket: WebSocket, camera_id: CameraIdPath, _: AnyOperator, state: State) -> None:
    """
    Send a camera's live tile.

    Text is JSON: ``init`` (the next binary message is the initialisation segment), ``clock``, ``overlay``, ``end``.
    Any other binary message is a media fragment. Closed with 1013 when the bus goes away: connect again. A binary
    message of the viewer closes it with 1003; other messages are ignored.
    """
    await websocket.accept()
    viewer = LiveViewer(camera_id, state.broker, websocket, state.metrics)
    state.metrics.viewers.inc()
    tasks = [
        asyncio.create_task(viewer.run()),
        asyncio.create_task(viewer.keep_wanting()),
    ]
    listener = asyncio.create_task(until_gone(websocket))
    session = asyncio.create_task(until_logged_out(websocket, state))
    tasks += [listener, session]
    try:
        done, _running = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        state.metrics.viewers.dec()
        for fault in await stop_tasks(tasks):  # before the close: nothing may be sent after one
            if not isinstance(fault, BusDown | WebSocketDisconnect):
                log.error("live tile failed", camera=camera_id, exc_info=fault)
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # the viewer may have disconnected
        if session in done and session.exception() is None:
            await websocket.close(LOGGED_OUT, "the session is over")
        elif listener in done and listener.exception() is None:
            await websocket.close(UNSUPPORTED_DATA, "this socket takes no binary messages")
        elif any(isinstance(task.exception(), BusDown) for task in done):
            await websocket.close(TRY_AGAIN_LATER, "the bus is away")
