"""Style: the style sheet that all reports share."""

from pathlib import Path

_FILE = Path(__file__).with_name("report.css")


def style() -> str:
    """Return the style sheet as an HTML element."""
    return f"<style>{_FILE.read_text(encoding='utf-8')}</style>"
