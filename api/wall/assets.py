"""
Assets: the wall's files as they are served, read once, when the first is asked for.

All of them lie under one address that holds the SHA-256 of the whole (``/wall/3f9a.../js/main.js``): a browser keeps
them for good and never runs modules of two versions side by side. The page itself is asked for anew each time.
"""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mp3": "audio/mpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wav": "audio/wav",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""What is served, by the end of its name; Python is not among it."""

PAGE = "index.html"
PLACE = "{assets}"
"""Stands in the page for the address of the files."""

LIBRARIES = "vendor"
SHORTEST_PACKED = 512
VERSION_DIGITS = 16
_PACKED_ALREADY = frozenset({".mp3", ".png", ".woff2"})


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its bytes, and the same packed by gzip where that is shorter."""

    media_type: str
    body: bytes
    packed: bytes | None


@dataclass(frozen=True, slots=True)
class Assets:
    """
    The files of the wall.

    Attributes:
        version: hexadecimal digits of the SHA-256 over all names and bytes.

        page: the page, which names the version.

        complete: whether the libraries that the pages import are installed.
    """

    version: str
    page: bytes
    files: dict[str, Asset]
    complete: bool


def read_assets(folder: Path) -> Assets:
    """Read the wall's folder."""
    files: dict[str, Asset] = {}
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix not in MEDIA_TYPES or not path.is_file():
            continue
        name, body = path.relative_to(folder).as_posix(), path.read_bytes()
        digest.update(name.encode() + b"\0" + hashlib.sha256(body).digest())
        files[name] = Asset(MEDIA_TYPES[path.suffix], body, _packed(path.suffix, body))
    page = (folder / PAGE).read_text(encoding="utf-8")
    digest.update(page.encode())
    version = digest.hexdigest()[:VERSION_DIGITS]
    complete = any(name.startswith(f"{LIBRARIES}/") for name in files)
    return Assets(version, page.replace(PLACE, f"/wall/{version}").encode(), files, complete)


def _packed(suffix: str, body: bytes) -> bytes | None:
    if suffix in _PACKED_ALREADY or len(body) < SHORTEST_PACKED:
        return None
    packed = gzip.compress(body, mtime=0)
    return packed if len(packed) < len(body) else None
