"""Pictures: what a decoder gives, converted and scaled once, in one pass, to what a detector takes."""

import numpy as np
from av import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from streams.frame import BgrImage

_EXACT = Interpolation.AREA | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
"""
Averages whole areas, rounds and takes colour at every pixel. Without the flags swscale truncates: every level comes out
1-4 too low (docs/decisions/0012).
"""


class Look:
    """Converts one camera's decoded pictures to BGR whose longer side is at most `long_side_px`; 0 keeps their size."""

    def __init__(self, long_side_px: int = 0) -> None:
        self._long_side_px = long_side_px
        self._reformatter = VideoReformatter()

    def halves(self, source_wh: tuple[int, int]) -> bool:
        """Return whether pictures of that size are scaled to half or less: what is finer than two pixels is lost."""
        return 2 * max(look_wh(source_wh, self._long_side_px)) <= max(source_wh)

    def at(self, picture: VideoFrame) -> BgrImage:
        """Return the picture, read-only; raise `av.error.FFmpegError` where its format cannot be converted."""
        width, height = look_wh((picture.width, picture.height), self._long_side_px)
        converted = self._reformatter.reformat(
            picture, width=width, height=height, format="bgr24", interpolation=_EXACT, threads=1
        )
        image = np.asarray(converted.to_ndarray(), dtype=np.uint8)
        image.flags.writeable = False
        return image


def look_wh(source_wh: tuple[int, int], long_side_px: int) -> tuple[int, int]:
    """Return the size of a picture scaled down to `long_side_px` as its longer side; never enlarged, 0 keeps it."""
    longer = max(source_wh)
    if long_side_px <= 0 or longer <= long_side_px:
        return source_wh
    return max(1, round(source_wh[0] * long_side_px / longer)), max(1, round(source_wh[1] * long_side_px / longer))
