"""The wall's page and its files, from memory (`api.wall.assets`)."""

from functools import cache
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from api.problems import Problem
from api.wall import WALL_FOLDER
from api.wall.assets import Assets, read_assets

KEPT = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
"""The address changes with the bytes."""

ASKED_AGAIN = {"Cache-Control": "no-cache"}
"""The page names the newest files, so a browser asks for it each time, which costs a 304."""


@cache
def _assets() -> Assets:
    return read_assets(WALL_FOLDER)


def wall_page(request: Request) -> Response:
    """Give the wall's page, or say that its libraries are missing."""
    assets = _assets()
    if not assets.complete:
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "wall-incomplete",
            "the wall's libraries are not installed: run `python requirements/wall/install.py`, then start again",
        )
    headers = {**ASKED_AGAIN, "ETag": f'"{assets.version}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(assets.page, media_type="text/html; charset=utf-8", headers=headers)


def wall_file(request: Request) -> Response:
    """Give a file of the wall; one of another version, or none, is not found."""
    assets = _assets()
    version, _, name = request.path_params["path"].partition("/")
    file = assets.files.get(name)
    if version != assets.version or file is None:
        raise Problem(HTTPStatus.NOT_FOUND, "not-found", "the wall has no such file; a newer one may be served: reload")
    if file.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, media_type=file.media_type, headers={**KEPT, "Content-Encoding": "gzip"})
    return Response(file.body, media_type=file.media_type, headers=KEPT)
