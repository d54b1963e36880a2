from dataclasses import replace

import numpy as np
import pytest

from models.detections import Detections
from streams.camera import Camera, SourceUrl, camera_id
from streams.frame import Frame
from tests.vision.moments import CARD, boxes, moment
from vision.scene.look import in_look, in_source, looking


def look(source_wh: tuple[int, int] = (1920, 1080)) -> Frame:
    """Return a look of 640x360 at a picture of `source_wh`."""
    return Frame(camera_id("cam"), moment(0), np.zeros((360, 640, 3), np.uint8), source_wh=source_wh)


def test_no_boxes_stay_none() -> None:
    """A picture without boxes has none in the source's pixels either."""
    assert len(in_source(look(), Detections.empty())) == 0


def test_boxes_are_told_in_pixels_of_the_source() -> None:
    """A box of the scaled picture covers the same piece of the stream's own."""
    found = in_source(look(), boxes(("fire", 0.5, (10, 20, 640, 360))))
    assert found.xyxy.tolist() == [[30.0, 60.0, 1920.0, 1080.0]]
    assert (found.confidence.tolist(), found.class_id.tolist()) == ([0.5], [1])


def test_sides_scale_by_their_own_factor() -> None:
    """Width and height are scaled each by its own factor, for they round apart."""
    assert in_source(look((1280, 1080)), boxes(("smoke", 0.5, (1, 1, 2, 2)))).xyxy.tolist() == [[2.0, 3.0, 4.0, 6.0]]


def test_an_unscaled_picture_keeps_its_boxes() -> None:
    """Where the picture has the source's size nothing is computed."""
    same = Frame(camera_id("cam"), moment(0), np.zeros((360, 640, 3), np.uint8))
    found = boxes(("fire", 0.5, (10, 20, 30, 40)))
    assert same.source_wh == (640, 360)
    assert in_source(same, found) is found


def test_the_way_there_and_back() -> None:
    """A box of the source lies in the look where it was found."""
    assert in_look(look(), (30.0, 60.0, 1920.0, 1080.0)) == pytest.approx((10, 20, 640, 360))


@pytest.mark.parametrize(("input_wh", "look_px"), [((640, 384), 640), ((416, 416), 640), ((736, 1280), 1280)])
def test_a_camera_is_looked_at_in_the_size_of_the_model(input_wh: tuple[int, int], look_px: int) -> None:
    """Pictures come as large as the model takes them, and never smaller than the wall shows them."""
    camera = Camera(camera_id("cam"), "", SourceUrl("rtsp://x"))
    assert looking(camera, replace(CARD, input_wh=input_wh)).settings.look_px == look_px
