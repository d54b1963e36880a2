"""The wall's page and its files, from the folder of `api.wall`."""

import os
from pathlib import Path

from starlette.responses import FileResponse, Response
from starlette.staticfiles import PathLike, StaticFiles
from starlette.types import Scope

from api.wall import WALL_FOLDER

SERVED = frozenset({".css", ".html", ".ico", ".js", ".json", ".mp3", ".png", ".svg", ".wav", ".webmanifest", ".woff2"})


ASKED_AGAIN = {"Cache-Control": "no-cache"}
"""
A browser asks whether its copy is the newest, which costs a 304. Left to guess, it keeps modules for days, and after an
upgrade runs old ones beside new ones.
"""


class WallFiles(StaticFiles):
    """Serves the file types of a page; Python is not one of them."""

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Return a file, or that the browser's copy is the newest."""
        answer = super().file_response(full_path, stat_result, scope, status_code)
        answer.headers.update(ASKED_AGAIN)
        return answer

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Return where a file is, and ``None`` for what is not served."""
        if Path(path).suffix not in SERVED:
            return "", None
        return super().lookup_path(path)


async def wall_page() -> FileResponse:
    """Give the wall."""
    return FileResponse(WALL_FOLDER / "index.html", headers=ASKED_AGAIN)
