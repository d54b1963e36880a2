"""Pictures of the report."""

import pytest

from api.report.pictures import LONGEST_PX, UnreadablePicture, printable
from tests.api.report.sample import drawn_picture


def test_a_large_picture_is_made_small_enough_for_paper() -> None:
    """The longer side has at most `LONGEST_PX`, the shape stays, the bytes are JPEG."""
    picture = printable(drawn_picture(2800, 1400), "画面")
    assert (picture.size_wh, picture.image[:2]) == ((LONGEST_PX, LONGEST_PX // 2), b"\xff\xd8")


@pytest.mark.parametrize("image", [b"", b"\xff\xd8\xffpicture", b"\x89PNG\r\n\x1a\npixels", b"GIF89a"])
def test_what_is_no_picture_is_refused(image: bytes) -> None:
    """Damaged or foreign bytes raise one known fault."""
    with pytest.raises(UnreadablePicture):
        printable(image, "画面")
