"""Pictures of the printed report: stills of a package, made small enough for paper; the only import of ``PIL``."""

from io import BytesIO

from PIL import Image, UnidentifiedImageError

from api.report.sheet import Picture

LONGEST_PX = 1400
"""88 mm at 400 dpi: more than a printer shows."""
JPEG_QUALITY = 85
LARGEST_PX = 64_000_000
"""A picture that claims more is not opened: 8K is 33 million."""


class UnreadablePicture(ValueError):  # noqa: N818  (what it is, not that it is an error)
    """The file is no picture, or one that should not be opened."""


def printable(image: bytes, caption: str) -> Picture:
    """Return a picture for the report, at most `LONGEST_PX` long, as JPEG; raise `UnreadablePicture`."""
    try:
        with Image.open(BytesIO(image), formats=("JPEG", "PNG")) as opened:
            if opened.width * opened.height > LARGEST_PX:
                raise UnreadablePicture(f"the picture has {opened.width} x {opened.height} px")
            opened.draft("RGB", (LONGEST_PX, LONGEST_PX))
            small = opened.convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as fault:
        raise UnreadablePicture(f"the file is no readable picture: {type(fault).__name__}") from fault
    small.thumbnail((LONGEST_PX, LONGEST_PX))
    target = BytesIO()
    small.save(target, "JPEG", quality=JPEG_QUALITY)
    return Picture(target.getvalue(), small.size, caption)
