"""Where the shared material stands: clips, data and vectors that are not part of the project."""

from pathlib import Path

import pytest

_FOLDER = Path(__file__).resolve().parents[2] / "shared"

SHARED: Path | None = _FOLDER if (_FOLDER / "README.md").is_file() else None
"""The folder ``shared`` beside the checkout, or ``None`` where it is absent."""


def shared_path(relative: str) -> Path:
    """Return a path in the shared folder, or skip the running test where it is absent."""
    if SHARED is None or not (SHARED / relative).exists():
        pytest.skip(f"needs shared/{relative}")
    return SHARED / relative
