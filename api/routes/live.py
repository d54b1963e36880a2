"""Live tiles: fMP4 and overlay messages of one camera over a WebSocket."""

import asyncio
import contextlib

import structlog
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from api.auth import AnyOperator
from api.broker import BusDown
from api.live import LiveViewer
from api.routes.cameras import CameraIdPath
from api.state import State

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/v1/cameras", tags=["cameras"])

TRY_AGAIN_LATER = 1013


@router.websocket("/{camera_id}/live")
async def watch_live(websocket: WebSocket, camera_id: CameraIdPath, _: AnyOperator, state: State) -> None:
    """
    Send a camera's live tile.

    Text is JSON: ``init`` (the next binary message is the initialisation segment), ``clock``, ``overlay``, ``end``.
    Any other binary message is a media fragment. Closed with 1013 when the bus goes away: connect again.
    """
    await websocket.accept()
    viewer = LiveViewer(camera_id, state.broker, websocket, state.metrics)
    state.metrics.viewers.inc()
    tasks = [
        asyncio.create_task(viewer.run()),
        asyncio.create_task(viewer.keep_wanted()),
        asyncio.create_task(_until_gone(websocket)),
    ]
    try:
        done, _running = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if any(isinstance(task.exception(), BusDown) for task in done):
            with contextlib.suppress(RuntimeError):  # the viewer may have gone in the same moment
                await websocket.close(TRY_AGAIN_LATER, "the bus is away")
    finally:
        state.metrics.viewers.dec()
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, BusDown | WebSocketDisconnect):
                log.error("live tile failed", camera=camera_id, exc_info=result)


async def _until_gone(websocket: WebSocket) -> None:
    while True:
        await websocket.receive_text()
