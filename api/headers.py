"""Middleware around every request: security headers, the limit of ordinary bodies, and the time it took."""

import re
import time
from http import HTTPMethod

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics
from api.problems import too_large
from api.wall import WALL_CSP

SECURITY_HEADERS = {
    "Content-Security-Policy": WALL_CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class SecurityHeaders:
    """Adds `SECURITY_HEADERS` to every answer that does not set its own; API answers are never cached by default."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if scope.get("path", "").startswith("/v1/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


class BodyLimit:
    """
    Answers 413 to a body over a limit: by its length header or, without one, while reading.

    Args:
        app: the next application.

        limit: bytes.

        free: matches the paths that have a limit of their own.
    """

    def __init__(self, app: ASGIApp, limit: int, free: re.Pattern[str]) -> None:
        self._app = app
        self._limit = limit
        self._free = free

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is small enough."""
        if scope["type"] != "http" or self._free.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdigit() or int(length) > self._limit:
            await too_large("body", self._limit).response()(scope, receive, send)
            return
        seen = 0

        async def receive_and_count() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._limit:
                # FastAPI lets only this kind of exception out of its reading of a body.
                raise HTTPException(413, f"the body is larger than the {self._limit} bytes allowed")
            return message

        await self._app(scope, receive_and_count, send)


class RequestTimes:
    """Measures each request by its route; unknown methods share one label, so that strangers cannot add series."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on and measure."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def send_and_look(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_look)
        finally:
            method = scope["method"] if scope["method"] in HTTPMethod.__members__ else "other"
            route = getattr(scope.get("route"), "path", "none")
            seconds = time.perf_counter() - started
            self._metrics.request_seconds.labels(method, route, str(status)).observe(seconds)
