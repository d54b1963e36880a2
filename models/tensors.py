"""
Between images and tensors: the letterbox and its exact inverse, the decoding of head outputs, and NMS.

All geometry is in *edge* coordinates: pixel column *i* covers ``[i, i + 1)``, so an image of width *w* spans
``[0, w]`` and a resize from *w* to *v* multiplies by exactly ``v / w``.
"""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detections import Detections

PAD_GREY = 114
"""Grey level around the content: what ultralytics pads with in training."""

MAX_DETECTIONS = 300
"""Most objects kept in one image: ultralytics' default, which the published metrics used."""

_TO_UNIT = np.float32(1 / 255)


@dataclass(frozen=True, slots=True)
class Letterbox:
    """
    How one image lies inside a network input: scaled to `content_wh`, put at `offset_xy`, grey around it.

    Attributes:
        source_wh: width and height of the image in pixels.

        input_wh: width and height of the network input; multiples of the stride.

        content_wh: width and height of the scaled image inside the input.

        offset_xy: left and top of the scaled image inside the input.
    """

    source_wh: tuple[int, int]
    input_wh: tuple[int, int]
    content_wh: tuple[int, int]
    offset_xy: tuple[int, int]

    @classmethod
    def fit(cls, source_wh: tuple[int, int], long_side: int, stride: int) -> Self:
        """
        Return the letterbox whose content has `long_side` as its longer side.

        Each side of the input is the content's rounded *up* to a multiple of `stride`: 16:9 at 640 gives 640x360 of
        content in 640x384. Rounding down (640x352) would shrink the content to 626x352 and pad the width instead.
        This and the centring are what ultralytics does for single images, so its figures carry over.
        """
        width, height = source_wh
        if width < 1 or height < 1:
            raise ValueError(f"an image needs at least one pixel a side, got {width}x{height}")
        scale = long_side / max(width, height)
        content = (max(1, round(width * scale)), max(1, round(height * scale)))
        size = (-(-content[0] // stride) * stride, -(-content[1] // stride) * stride)
        offset = ((size[0] - content[0]) // 2, (size[1] - content[1]) // 2)
        return cls(source_wh, size, content, offset)

    @property
    def _scale(self) -> NDArray[np.float64]:
        x, y = self.content_wh[0] / self.source_wh[0], self.content_wh[1] / self.source_wh[1]
        return np.array([x, y, x, y])

    @property
    def _shift(self) -> NDArray[np.float64]:
        return np.array(self.offset_xy * 2, np.float64)

    def to_input(self, xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return boxes ``(n, 4)`` of image pixels in input pixels."""
        return (xyxy * self._scale + self._shift).astype(np.float32)

    def to_source(self, xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return boxes ``(n, 4)`` of input pixels in image pixels, clipped to the image."""
        width, height = self.source_wh
        boxes = (xyxy - self._shift) / self._scale
        return np.clip(boxes, 0, np.array([width, height, width, height])).astype(np.float32)

    def write(self, image: NDArray[np.uint8], tensor: NDArray[np.float32]) -> None:
        """Write `image` (BGR ``uint8 (h, w, 3)``) into `tensor` as RGB ``float32 (3, H, W)`` in [0, 1], grey around."""
        (width, height), (left, top) = self.content_wh, self.offset_xy
        scaled = image if self.content_wh == self.source_wh else cv2.resize(image, self.content_wh)
        if self.content_wh != self.input_wh:
            tensor.fill(PAD_GREY * _TO_UNIT)
        content = tensor[:, top : top + height, left : left + width]
        np.multiply(scaled[:, :, ::-1].transpose(2, 0, 1), _TO_UNIT, out=content)


def decode_v8_head(output: NDArray[np.float32], threshold: float) -> Detections:
    """
    Return the candidates of one image at or above `threshold`, in input pixels, before NMS, by falling confidence.

    `output` is ``(4 + classes, anchors)``: centre x, centre y, width and height in input pixels, then one score a
    class. An anchor counts for its best class only, as in ultralytics' ``predict``.
    """
    scores = output[4:]
    class_id = scores.argmax(axis=0)
    confidence = scores[class_id, np.arange(class_id.size)]
    chosen = np.flatnonzero(confidence >= threshold)
    chosen = chosen[np.argsort(-confidence[chosen], kind="stable")]
    centre, half = output[0:2, chosen].T, output[2:4, chosen].T / 2
    return Detections(
        np.concatenate([centre - half, centre + half], axis=1).astype(np.float32, copy=False),
        confidence[chosen].astype(np.float32, copy=False),
        class_id[chosen].astype(np.int32),
    )


def decode_end_to_end(output: NDArray[np.float32], threshold: float) -> Detections:
    """
    Return the objects of one image at or above `threshold`, in input pixels, by falling confidence.

    `output` is ``(n, 6)``: left, top, right, bottom, confidence, class. Heads trained one-to-one (YOLO26) give it and
    need no NMS.
    """
    chosen = np.flatnonzero(output[:, 4] >= threshold)
    rows = output[chosen[np.argsort(-output[chosen, 4], kind="stable")]][:MAX_DETECTIONS]
    return Detections(
        rows[:, :4].astype(np.float32, copy=False),
        rows[:, 4].astype(np.float32, copy=False),
        rows[:, 5].astype(np.int32),
    )


def non_max_suppression(detections: Detections, iou_limit: float) -> Detections:
    """
    Return what is left when, class by class, each box removes the weaker ones it overlaps by more than `iou_limit`.

    `detections` must be sorted by falling confidence; the result is, and holds at most `MAX_DETECTIONS`.
    """
    xyxy, class_id = detections.xyxy.astype(np.float64), detections.class_id
    area = (xyxy[:, 2] - xyxy[:, 0]).clip(0) * (xyxy[:, 3] - xyxy[:, 1]).clip(0)
    left = np.arange(len(detections))
    kept: list[int] = []
    while left.size and len(kept) < MAX_DETECTIONS:
        best, left = left[0], left[1:]
        kept.append(int(best))
        top_left = np.maximum(xyxy[best, :2], xyxy[left, :2])
        bottom_right = np.minimum(xyxy[best, 2:], xyxy[left, 2:])
        overlap = (bottom_right - top_left).clip(0).prod(axis=1)
        union = area[best] + area[left] - overlap
        # As a product, so that two empty boxes (0 / 0) do not suppress each other.
        left = left[(overlap <= iou_limit * union) | (class_id[left] != class_id[best])]
    rows = np.array(kept, np.intp)
    return Detections(detections.xyxy[rows], detections.confidence[rows], class_id[rows])
