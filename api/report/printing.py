"""
Printing: author, time and font of a printed report.

Apart from the pages, so that only printing loads the PDF library.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

FONT = Path(__file__).parent / "font" / "noto-sans-sc.ttf"


@dataclass(frozen=True, slots=True)
class Printing:
    """Author and time of printing, the lead's address, and the report's owner."""

    by: str
    at: datetime
    address: str
    site: str = ""
    font: Path = FONT
