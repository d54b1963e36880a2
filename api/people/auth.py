"""
Authentication: workers by key, operators by session.

* A worker sends ``Authorization: Bearer <key>``. It may post leads, enrol its node,
  register cameras, and read leads, events and cameras.
* An operator's browser sends the session cookie: ``HttpOnly``, ``SameSite=Strict``, ``Secure`` behind TLS.
* A call that changes something and carries the cookie must also carry the header ``X-Plumewatch-Csrf`` (any value):
  a foreign page cannot send it without a CORS preflight, which is never granted. Where the browser names an
  ``Origin``, it must be ours. A WebSocket cannot carry headers, so there the ``Origin`` must be present and ours.
* Until a one-time password has been changed, only the session itself can be used.
* Inner state without pictures of cameras (`/metrics`, `/readyz`) is open to programs
  of the same machine, and to workers and operators elsewhere.
"""

import asyncio
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends
from fastapi.security.utils import get_authorization_scheme_param
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.websockets import WebSocket

from api.clock import utc_now
from api.problems import Problem
from api.state import ApiState, State
from api.store.people import Operator, Role, find_session
from api.store.workers import Worker, find_worker

SESSION_COOKIE = "plumewatch_session"
CSRF_HEADER = "x-plumewatch-csrf"
LOGGED_OUT = 4401
"""Close code of a WebSocket after its session ended."""
SESSION_LOOK_S = 10.0
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-proto")
"""A call with one of these came through a proxy, which alone knows the caller."""


def caller_address(connection: HTTPConnection) -> str:
    """Return the address a call comes from."""
    return connection.client.host if connection.client else "local"


def calls_from_here(connection: HTTPConnection) -> bool:
    """True for a program of this machine that calls the API itself, not through a proxy."""
    if any(header in connection.headers for header in FORWARDED):
        return False
    if connection.client is None:
        return True
    try:
        address = ip_address(connection.client.host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def origin_is_ours(connection: HTTPConnection, allowed: list[str]) -> bool:
    """True when the browser names no origin, or ours: the host it called, or one of the settings."""
    origin = connection.headers.get("origin")
    if origin is None or origin in allowed:
        return True
    named = urlsplit(origin)
    scheme = {"ws": "http", "wss": "https"}.get(connection.url.scheme, connection.url.scheme)
    return named.scheme == scheme and named.netloc.lower() == connection.headers.get("host", "").lower()


def set_session_cookie(response: Response, connection: HTTPConnection, token: str, lifetime_s: int) -> None:
    """Give a browser its session; an empty token takes it away."""
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=lifetime_s if token else 0,
        httponly=True,
        samesite="strict",
        secure=connection.url.scheme in {"https", "wss"},
        path="/",
    )


def session_lifetime(state: ApiState) -> timedelta:
    """Return how long a session lasts."""
    return timedelta(seconds=state.settings.session_lifetime_s)


def caller_name(caller: Operator | Worker) -> str:
    """Return how records name a caller: ``operator:name`` or ``worker:name``."""
    return f"worker:{caller.name}" if isinstance(caller, Worker) else f"operator:{caller.username}"


def _bearer(connection: HTTPConnection) -> str:
    scheme, token = get_authorization_scheme_param(connection.headers.get("authorization"))
    return token if scheme.lower() == "bearer" else ""


def require_worker(connection: HTTPConnection, state: State) -> Worker:
    """Return the worker whose key the call carries, or answer 401."""
    token = _bearer(connection)
    if token:
        with state.database.reading() as session:
            worker = find_worker(session, token)
        if worker is not None:
            return worker
    raise Problem(
        401,
        "worker-key-required",
        "this call needs a valid worker key in Authorization: Bearer",
        headers={"WWW-Authenticate": 'Bearer realm="plumewatch"'},
    )


def require_session(connection: HTTPConnection, state: State) -> Operator:
    """Return the operator, even with a one-time password; answer 401, or 403 for a call from a foreign page."""
    if not origin_is_ours(connection, state.settings.allowed_origins):
        raise Problem(403, "foreign-origin", "this page may not call the API for a logged-in operator")
    if isinstance(connection, WebSocket) or connection.scope["type"] == "websocket":
        if "origin" not in connection.headers:
            raise Problem(403, "foreign-origin", "a WebSocket with a session must name its Origin")
    elif connection.scope["method"] not in SAFE_METHODS and CSRF_HEADER not in connection.headers:
        raise Problem(403, "csrf-header-missing", f"a call that changes something needs the header {CSRF_HEADER}")
    token = connection.cookies.get(SESSION_COOKIE, "")
    if token:
        with state.database.reading() as session:
            operator = find_session(session, token, utc_now())
        if operator is not None:
            return operator
    raise Problem(401, "login-required", "log in first")


def require_operator(operator: Annotated[Operator, Depends(require_session)]) -> Operator:
    """Return the operator; answer 401, or 403 while the password is the one-time password."""
    if operator.must_change_password:
        raise Problem(403, "password-change-required", "change the one-time password first")
    return operator


def require_admin(operator: Annotated[Operator, Depends(require_operator)]) -> Operator:
    """Return the operator if an admin, or answer 403."""
    if operator.role is not Role.ADMIN:
        raise Problem(403, "admin-required", "only an admin may do this")
    return operator


def require_reader(connection: HTTPConnection, state: State) -> Operator | Worker:
    """Return the operator or worker who may read leads and events, or answer 401."""
    if _bearer(connection):
        return require_worker(connection, state)
    return require_operator(require_session(connection, state))


def require_insider(connection: HTTPConnection, state: State) -> None:
    """Let programs of this machine pass, workers and operators too; answer 401 to others."""
    if not calls_from_here(connection):
        require_reader(connection, state)


def require_registrar(connection: HTTPConnection, state: State) -> Operator | Worker:
    """Return the admin or worker who may register cameras, or answer 401 or 403."""
    if _bearer(connection):
        return require_worker(connection, state)
    return require_admin(require_operator(require_session(connection, state)))


async def until_logged_out(websocket: WebSocket, state: ApiState, period_s: float = SESSION_LOOK_S) -> None:
    """Return when the session that opened a WebSocket is over: a logout or a disabled operator ends it too."""
    token = websocket.cookies.get(SESSION_COOKIE, "")

    def still_open() -> bool:
        with state.database.reading() as session:
            return find_session(session, token, utc_now()) is not None

    while await run_in_threadpool(still_open):  # noqa: ASYNC110  (the store rings no bell for a logout)
        await asyncio.sleep(period_s)


AnyWorker = Annotated[Worker, Depends(require_worker)]
AnySession = Annotated[Operator, Depends(require_session)]
AnyOperator = Annotated[Operator, Depends(require_operator)]
Admin = Annotated[Operator, Depends(require_admin)]
Registrar = Annotated[Operator | Worker, Depends(require_registrar)]
Reader = Annotated[Operator | Worker, Depends(require_reader)]
