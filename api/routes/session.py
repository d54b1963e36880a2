"""Sessions: operators log in, change their password, log out."""

import math
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from api.clock import utc_now
from api.contract.fields import Secret, Word
from api.contract.wire.document import Wire
from api.people.auth import (
    SESSION_COOKIE,
    AnySession,
    caller_address,
    origin_is_ours,
    session_lifetime,
    set_session_cookie,
)
from api.people.passwords import weakness
from api.problems import Problem
from api.state import State
from api.store.people import Operator, Role, check_password, close_session, open_session, set_password


class _CountedTries(APIRoute):
    """Lets a login that is no valid document count as a failed try of the name that it gives."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the usual handler; it ends with the same 422."""
        usual = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await usual(request)
            except RequestValidationError as fault:
                username = fault.body.get("username") if isinstance(fault.body, dict) else None
                if self.path == router.prefix and isinstance(username, str) and 0 < len(username) <= NAME_MOST:
                    request.app.state.api.logins.begin(username, caller_address(request))
                raise

        return handler


NAME_MOST = 64
router = APIRouter(prefix="/v1/session", tags=["session"], route_class=_CountedTries)

NewPassword = Annotated[Secret, Field(min_length=10)]


class Login(Wire):
    """Name and password."""

    username: Word = Field(min_length=1, max_length=NAME_MOST)
    password: Secret


class PasswordChange(Wire):
    """The password until now and the new one: 10 characters or more, not easily guessed."""

    current: Secret
    new: NewPassword


class SessionDocument(BaseModel):
    """The operator of a session; with ``password_change_required`` only the password change is allowed."""

    username: str
    role: Role
    password_change_required: bool


def _document(operator: Operator) -> SessionDocument:
    return SessionDocument(
        username=operator.username, role=operator.role, password_change_required=operator.must_change_password
    )


@router.post("", status_code=201)
def post_session(body: Login, request: Request, response: Response, state: State) -> SessionDocument:
    """Log in: the answer sets the session cookie. 401 for a wrong name or password, 429 after too many."""
    if not origin_is_ours(request, state.settings.allowed_origins):
        raise Problem(403, "foreign-origin", "this page may not log an operator in")
    address = caller_address(request)
    operator = _checked(state, body.username, body.password.get_secret_value(), address)
    if operator is None:
        raise Problem(401, "wrong-login", "name or password is wrong")
    _give_session(request, response, state, operator)
    return _document(operator)


@router.get("")
def get_session(operator: AnySession) -> SessionDocument:
    """Return the operator of the session; 401 without one."""
    return _document(operator)


@router.delete("", status_code=204)
def delete_session(_: AnySession, request: Request, response: Response, state: State) -> None:
    """Log out."""
    with state.database.writing() as session:
        close_session(session, request.cookies[SESSION_COOKIE])
    set_session_cookie(response, request, "", 0)


@router.post("/password")
def post_password(
    body: PasswordChange, operator: AnySession, request: Request, response: Response, state: State
) -> SessionDocument:
    """Change the password: all other sessions of the operator end, this one gets a new cookie."""
    address = caller_address(request)
    current, new = body.current.get_secret_value(), body.new.get_secret_value()
    if _checked(state, operator.username, current, address) is None:
        raise Problem(403, "wrong-login", "the current password is wrong")
    if current == new:
        raise Problem(422, "same-password", "the new password must differ from the current one")
    if weak := weakness(new):
        raise Problem(422, "weak-password", weak)
    with state.database.writing() as session:
        set_password(session, operator.username, new, must_change=False)
    _give_session(request, response, state, operator)
    return SessionDocument(username=operator.username, role=operator.role, password_change_required=False)


def _checked(state: State, username: str, password: str, address: str) -> Operator | None:
    """
    Return the operator with this password, or ``None``.

    Raises `Problem` while a name has failed too often from an address; it says how long that lasts.
    """
    wait_s = math.ceil(state.logins.begin(username, address))
    if wait_s > 0:
        detail = f"too many failed logins; try again in {wait_s} s"
        raise Problem(429, "too-many-logins", detail, headers={"Retry-After": str(wait_s)})
    try:
        with state.database.reading() as session:
            operator = check_password(session, username, password)
    except SQLAlchemyError:  # not the caller's doing
        state.logins.withdraw(username, address)
        raise
    if operator is not None:
        state.logins.succeeded(username, address)
    return operator


def _give_session(request: Request, response: Response, state: State, operator: Operator) -> None:
    with state.database.writing() as session:
        token = open_session(session, operator.operator_id, utc_now(), session_lifetime(state))
    set_session_cookie(response, request, token, state.settings.session_lifetime_s)
