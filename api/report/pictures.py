"""Pictures: stills of a package made small enough for paper, or with parts covered; the only import of ``PIL``."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, UnidentifiedImageError

LONGEST_PX = 1400
"""88 mm at 400 dpi: more than a printer shows."""
JPEG_QUALITY = 85
COVER_RGB = (48, 48, 48)
BLOCK_PX = 8
LARGEST_PX = 64_000_000
"""A picture that claims more is not opened: 8K is 33 million."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG or PNG with its size in pixels and the words below it."""

    image: bytes
    size_wh: tuple[int, int]
    caption: str


class UnreadablePicture(ValueError):  # noqa: N818  (what it is, not that it is an error)
    """The file is no picture, or one that should not be opened."""


def printable(image: bytes, caption: str) -> Picture:
    """Return a picture for the report, at most `LONGEST_PX` long, as JPEG; raise `UnreadablePicture`."""
    small = _opened(image, (LONGEST_PX, LONGEST_PX))
    small.thumbnail((LONGEST_PX, LONGEST_PX))
    return Picture(_jpeg(small), small.size, caption)


def covered(image: bytes, boxes: Sequence[tuple[int, int, int, int]]) -> bytes:
    """
    Return a copy as JPEG without metadata, with boxes (left, top, right, bottom in px) covered by one flat colour.

    A blurred or coarse region could be reconstructed. A margin of `BLOCK_PX` is covered too, since JPEG spreads an
    edge over its block. Raises `UnreadablePicture`, also for a box that covers nothing.
    """
    copy = _opened(image, None)
    for left, top, right, bottom in boxes:
        if not (left < right and top < bottom and right > 0 and bottom > 0 and left < copy.width and top < copy.height):
            raise UnreadablePicture(f"the box {left}, {top}, {right}, {bottom} covers nothing of the picture")
        copy.paste(COVER_RGB, (left - BLOCK_PX, top - BLOCK_PX, right + BLOCK_PX, bottom + BLOCK_PX))
    return _jpeg(copy)


def _opened(image: bytes, enough: tuple[int, int] | None) -> Image.Image:
    try:
        with Image.open(BytesIO(image), formats=("JPEG", "PNG")) as opened:
            if opened.width * opened.height > LARGEST_PX:
                raise UnreadablePicture(f"the picture has {opened.width} x {opened.height} px")
            if enough is not None:
                opened.draft("RGB", enough)
            return opened.convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as fault:
        raise UnreadablePicture(f"the file is no readable picture: {type(fault).__name__}") from fault


def _jpeg(image: Image.Image) -> bytes:
    target = BytesIO()
    image.save(target, "JPEG", quality=JPEG_QUALITY)
    return target.getvalue()
