"""Uploads: what is left of them after a crash."""

import os
from pathlib import Path

from api.evidence.folder_vault import ABANDONED_S
from api.evidence.upload import clear_uploads


def test_abandoned_uploads_are_removed(tmp_path: Path) -> None:
    """An hour-old half upload goes; a fresh one may belong to another process; other files stay."""
    old, fresh, other = tmp_path / "upload-a.tar", tmp_path / "upload-b.tar", tmp_path / "worker.key"
    for path in (old, fresh, other):
        path.touch()
    for path in (old, other):
        past = path.stat().st_mtime - ABANDONED_S - 10
        os.utime(path, (past, past))
    clear_uploads(tmp_path)
    assert sorted(tmp_path.iterdir()) == [fresh, other]
