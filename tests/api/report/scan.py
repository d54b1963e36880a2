"""A report seen as a phone sees it: the QR code read back from the rendered page."""

import shutil
import subprocess
from pathlib import Path

import cv2
import pytest

needs_poppler = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="needs poppler-utils")


def scanned_address(pdf: bytes, folder: Path) -> str:
    """Return what the QR code at the right of the first page's head says; empty where none can be read."""
    (folder / "report.pdf").write_bytes(pdf)
    command = ["pdftoppm", "-r", "250", "-png", "-f", "1", "-l", "1", str(folder / "report.pdf"), str(folder / "page")]
    subprocess.run(command, check=True, timeout=60)
    page = cv2.imread(str(next(folder.glob("page-*.png"))))
    assert page is not None
    read, _, _ = cv2.QRCodeDetector().detectAndDecode(page[:500, -700:])
    return read
