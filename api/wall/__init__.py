"""
The wall: one page of plain ES modules, served as it lies here; no build step, nothing from elsewhere.

``index.html`` is the answer to ``GET /``; everything else is served under ``/wall/``.
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
