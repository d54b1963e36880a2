"""
Printing: who prints a report, when, and in which font.

Apart from the pages, so that only who prints pays for the PDF library.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

FONT = Path(__file__).parent / "font" / "noto-sans-sc.ttf"


@dataclass(frozen=True, slots=True)
class Printing:
    """Who prints, when, where the lead can be looked up, and whose report it is."""

    by: str
    at: datetime
    address: str
    site: str = ""
    font: Path = FONT
