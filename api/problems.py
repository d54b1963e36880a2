"""
Problem documents (RFC 9457) for every error answer.

The faults underneath have their own trees: `api.store.faults`, `api.evidence.vault`, `api.contract.trust.stamp`. Routes
turn them into a `Problem`; an unexpected fault is logged and answered 500 without details.
"""

import json
from collections.abc import Mapping
from http import HTTPMethod, HTTPStatus
from typing import Any, cast

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy.exc import DataError, OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from api.store.database import StoreFullError

log = structlog.get_logger(__name__)

PROBLEM_TYPE = "urn:plumewatch:problem:"
_SLUGS = {413: "too-large"}
_ERRORS, _QUOTED, _REASON = 100, 100, 1000
"""Mistakes that an answer names, and characters of each: a caller's own keys and values may be of any length."""


class ProblemDocument(BaseModel):
    """What an error answer holds; ``type`` is for programs, ``detail`` for people."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="urn:plumewatch:problem: and a slug that never changes")
    title: str
    status: int
    detail: str = ""
    errors: list[dict[str, str]] = Field(default_factory=list, description="where and why, for invalid input")


class ProblemApi(FastAPI):
    """An API whose description has the media type of problems; FastAPI gives one type to all answers."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        if self.openapi_schema is None:
            for path in super().openapi()["paths"].values():
                for operation in path.values():
                    problem = operation["responses"]["default"]["content"]
                    _, problem[ProblemResponse.media_type] = problem.popitem()
        return super().openapi()


class ProblemResponse(JSONResponse):
    """A JSON answer of type ``application/problem+json``."""

    media_type = "application/problem+json"

    def render(self, content: object) -> bytes:
        """Return the document in UTF-8, with ``?`` for what of a caller's own text is no Unicode."""
        return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(errors="replace")


class Problem(Exception):  # noqa: N818  (the field's word, RFC 9457)
    """
    An answer other than success.

    Args:
        status: HTTP status.

        slug: last part of the problem's type, e.g. ``stale-version``.

        detail: one sentence: what was expected, what was found, which thing. Never a secret.

        extensions: further members of the document.

        headers: further headers of the answer.
    """

    def __init__(
        self,
        status: int,
        slug: str,
        detail: str,
        *,
        extensions: Mapping[str, JsonValue] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.slug = slug
        self.detail = detail
        self.extensions = dict(extensions or {})
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """Return the problem as an answer."""
        document: dict[str, JsonValue] = {
            "type": PROBLEM_TYPE + self.slug,
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            **self.extensions,
        }
        return ProblemResponse(document, status_code=self.status, headers=self.headers)


def too_large(what: str, limit: int) -> Problem:
    """Return the answer to a body over its limit."""
    return Problem(413, "too-large", f"the {what} is larger than the {limit} bytes allowed")


def _on_problem(_: HTTPConnection, fault: Exception) -> Response:
    return cast("Problem", fault).response()


def _on_http_exception(connection: HTTPConnection, fault: Exception) -> Response:
    exception = cast("HTTPException", fault)
    slug = _SLUGS.get(exception.status_code, HTTPStatus(exception.status_code).phrase.lower().replace(" ", "-"))
    detail, headers = exception.detail, exception.headers
    if exception.status_code == HTTPStatus.NOT_FOUND:
        detail = f"nothing is at {connection.url.path}"
    elif exception.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"{connection.scope.get('method', '')} is not possible at {connection.url.path}"
        headers = {"Allow": ", ".join(sorted(_methods_at(connection)))}
    return Problem(exception.status_code, slug, detail, headers=headers).response()


def _methods_at(connection: HTTPConnection) -> set[str]:
    """Return the methods of all routes at a path; Starlette gives those of the first route only."""
    asked = [(method.value, {**connection.scope, "method": method.value}) for method in HTTPMethod]
    routes = connection.app.routes
    return {method for method, scope in asked if any(each.matches(scope)[0] is Match.FULL for each in routes)}


def _on_invalid(_: HTTPConnection, fault: Exception) -> Response:
    exception = cast("RequestValidationError | WebSocketRequestValidationError", fault)
    errors: list[JsonValue] = [
        {"where": ".".join(str(part)[:_QUOTED] for part in error["loc"]), "reason": str(error["msg"])[:_REASON]}
        for error in exception.errors()[:_ERRORS]
    ]
    first = cast("dict[str, str]", errors[0]) if errors else {"where": "request", "reason": "invalid"}
    detail = f"{first['where']}: {first['reason']}"
    return Problem(422, "invalid-input", detail, extensions={"errors": errors}).response()


def _on_store_away(connection: HTTPConnection, fault: Exception) -> Response:
    if isinstance(fault, StoreFullError):
        log.error("store is full", path=connection.url.path, error=str(fault))
    else:
        log.error("store does not answer", path=connection.url.path, exc_info=fault)
    return Problem(503, "store-unavailable", "the store does not answer now", headers={"Retry-After": "5"}).response()


def _on_unkept(connection: HTTPConnection, fault: Exception) -> Response:
    log.warning("store cannot hold a value", path=connection.url.path, error=str(cast("DataError", fault).orig))
    detail = "a value cannot be kept: text with a NUL character, longer than its field, or a number beyond its range"
    return Problem(422, "invalid-input", detail).response()


def _on_fault(connection: HTTPConnection, fault: Exception) -> Response:
    log.error("request failed", path=connection.url.path, exc_info=fault)
    return Problem(500, "internal-fault", "the request failed inside the API; the log holds the reason").response()


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error of ``app`` a problem document."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(WebSocketRequestValidationError, _on_invalid)
    app.add_exception_handler(OperationalError, _on_store_away)
    app.add_exception_handler(DataError, _on_unkept)
    app.add_exception_handler(Exception, _on_fault)
