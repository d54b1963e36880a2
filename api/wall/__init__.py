"""
The wall: one page of plain ES modules, served as they lie here; no bundler, nothing from elsewhere.

``index.html`` is the answer to ``GET /``; everything else is served under an address of its own version
(`api.wall.assets`). ``vendor/`` holds the libraries that pages import (Preact, signals, htm), which
``requirements/wall/install.py`` fetches.
"""

from pathlib import Path

WALL_FOLDER: Path = Path(__file__).parent
"""Folder that holds ``index.html``, ``css/`` and ``js/``."""

WALL_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)
"""Content-Security-Policy of the page: scripts and styles from files of this server only, blobs for live video."""
