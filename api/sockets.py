"""Sockets: what the other side of a WebSocket sends, where nothing is asked of it."""

from starlette.websockets import WebSocket, WebSocketDisconnect

UNSUPPORTED_DATA = 1003
"""Close code for a binary message (RFC 6455, 7.4.1)."""


async def until_gone(websocket: WebSocket) -> None:
    """Raise `WebSocketDisconnect` when the other side disconnects; return when it sends a binary message."""
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"], message.get("reason"))
        if message.get("text") is None:
            return
