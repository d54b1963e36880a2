"""The wall's page and its files, as they lie in `api.wall`."""

import os
from pathlib import Path

from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles

from api.wall import WALL_FOLDER

SERVED = frozenset({".css", ".html", ".ico", ".js", ".json", ".mp3", ".png", ".svg", ".wav", ".webmanifest", ".woff2"})


class WallFiles(StaticFiles):
    """Serves the kinds of file that a page is made of; the folder's Python is not one of them."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Return where a file is, and ``None`` for what is not served."""
        if Path(path).suffix not in SERVED:
            return "", None
        return super().lookup_path(path)


async def wall_page() -> FileResponse:
    """Give the wall."""
    return FileResponse(WALL_FOLDER / "index.html", headers={"Cache-Control": "no-cache"})
