"""
Lines: where Chinese text with numbers and Latin words in it may be broken.

The PDF library breaks at spaces or anywhere; neither serves. Here a line may end after any Chinese character, but
words, numbers with their unit and hashes stay whole, closing marks never begin a line and opening marks never end one.
"""

import re
from collections.abc import Callable, Iterator

_CLOSING = "，。、；：？！）》」』】…％"
_OPENING = "（《「『【"
_PIECE = re.compile(
    rf"[{_OPENING}]*(?:[!-~±≥]+(?: [±%][!-~±]*| (?<=± )[!-~]+| (?:s|kB|MB|B)(?![!-~]))*|[^\s])[{_CLOSING}]*|\s"
)
"""What stays on one line: a Latin word, a number with its unit, or one character, with the marks that belong to it."""


def broken(text: str, width: float, measure: Callable[[str], float]) -> str:
    """Return `text` with newlines so that no line is wider than `width`, in the unit of `measure`."""
    lines: list[str] = [""]
    used = 0.0
    for piece in _pieces(text, width, measure):
        size = measure(piece)
        if used + size > width and lines[-1]:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
            used = 0.0
            if piece.isspace():
                continue
        lines[-1] += piece
        used += size
    return "\n".join(lines).rstrip()


def _pieces(text: str, width: float, measure: Callable[[str], float]) -> Iterator[str]:
    """Yield what stays together; what is wider than a whole line comes character by character."""
    for match in _PIECE.finditer(text):
        piece = match[0]
        if measure(piece) > width:
            yield from piece
        else:
            yield piece
