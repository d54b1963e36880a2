"""What a package recorded of the analysis, read back."""

import json

from vision.evidence.recorded_pictures import read_recorded

LINE = {"epoch": 0, "pts_s": 1.0, "clip_s": 0.5, "utc": "2026-11-27T00:00:00Z"}


def test_boxes_are_read_as_they_were_found() -> None:
    """Packages of earlier releases mark the boxes of a second look; they are read like any other."""
    box = {"class": "smoke", "confidence": 0.5, "xyxy": [1, 2, 3, 4]}
    line = LINE | {"boxes": [box, box | {"magnified": True}]}
    [picture] = read_recorded(json.dumps(line).encode() + b"\n")
    found = picture.detections(("fire", "smoke"))

    assert found.class_id.tolist() == [1, 1]
