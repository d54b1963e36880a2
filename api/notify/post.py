"""
Post: one request to another machine, bounded in time and size.

It goes neither through a proxy nor to where a redirect leads, nor to a machine that no message goes to: the number that
counts is that of the connection, before anything is sent over it.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Protocol, cast

import httpx

from api.notify.guard import AddressError, check_number

READ_MOST = 4096
"""Bytes of an answer that are read; the rest is left."""


class UnreachedError(Exception):
    """The other side gave no answer; the message says why and repeats nothing of its address."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The status of an answer, and its first `READ_MOST` bytes as text."""

    status: int
    text: str


class Post(Protocol):
    """Posts a body; raises `UnreachedError`, and `AddressError` for a machine that no message goes to."""

    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Return the answer."""
        ...


class _Stream(Protocol):
    """A connection of the client's."""

    def get_extra_info(self, info: str) -> object: ...

    async def aclose(self) -> None: ...


class HttpPost:
    """
    Posts over HTTP; see the module.

    Args:
        timeout_s: for the connection and for each piece of the answer; twice that for all of it.
        check: raises `AddressError` for the number of a machine that no message goes to.
    """

    def __init__(self, timeout_s: float, check: Callable[[str], None] = check_number) -> None:
        self._timeout_s = timeout_s
        self._check = check

    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Post a JSON body; see `Post`."""
        always = {"Content-Type": "application/json", "Accept-Encoding": "identity", "User-Agent": "Plumewatch"}
        extensions = {"timeout": httpx.Timeout(self._timeout_s).as_dict(), "trace": self._check_peer}
        try:
            request = httpx.Request("POST", url, content=body, headers={**always, **headers}, extensions=extensions)
            # The transport itself: a client logs the whole address, which may be a key.
            async with asyncio.timeout(2 * self._timeout_s), httpx.AsyncHTTPTransport(verify=_tls()) as transport:
                response = await transport.handle_async_request(request)
                try:
                    return Reply(response.status_code, await _beginning(response))
                finally:
                    await response.aclose()
        except (httpx.TimeoutException, TimeoutError):
            raise UnreachedError(f"no answer within {self._timeout_s:g} s") from None
        except (httpx.TransportError, httpx.InvalidURL, OSError) as fault:
            raise UnreachedError(f"cannot be reached: {type(fault).__name__}") from None

    async def _check_peer(self, event: str, info: Mapping[str, object]) -> None:
        """Look at whom a connection leads to, once it stands; the client calls this at each step."""
        if event != "connection.connect_tcp.complete":
            return
        stream = cast("_Stream", info["return_value"])
        number, *_ = cast("tuple[str, ...]", stream.get_extra_info("server_addr"))
        try:
            self._check(number)
        except AddressError:
            await stream.aclose()
            raise


async def _beginning(response: httpx.Response) -> str:
    """Return the first bytes of an answer as text."""
    found = b""
    async for piece in response.aiter_raw():
        found += piece
        if len(found) >= READ_MOST:
            break
    return found[:READ_MOST].decode("utf-8", "replace")


@cache
def _tls() -> ssl.SSLContext:
    """Return what TLS is spoken with: reading the machine's list of authorities takes 30 ms."""
    return httpx.create_ssl_context()
