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

_NMS_BLOCK = 256
"""Boxes that NMS compares with each other at a time: bounds its memory, whatever a detector finds."""


@dataclass(frozen=True, slots=True)
class Letterbox:
    """
    The place of one image inside a network input: scaled to `content_wh`, put at `offset_xy`, grey around it.

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

    def write(self, image: NDArray[np.uint8], canvas: NDArray[np.uint8]) -> None:
        """
        Write `image` (BGR ``uint8 (h, w, 3)``) into `canvas`, the network input ``uint8 (H, W, 3)``, grey around it.

        An image that has the content's size already is only copied (0.01 ms at 640x360); 1080p takes 0.4 ms to scale
        bilinearly, which is what the models were trained on (by area it would take 2.1 ms and look different to them).
        """
        (width, height), (left, top) = self.content_wh, self.offset_xy
        bottom, right = top + height, left + width
        canvas[:top] = canvas[bottom:] = PAD_GREY
        canvas[top:bottom, :left] = canvas[top:bottom, right:] = PAD_GREY
        content = canvas[top:bottom, left:right]
        if self.content_wh == self.source_wh:
            np.copyto(content, image)
        else:
            cv2.resize(image, self.content_wh, dst=content)


def decode_v8_head(output: NDArray[np.float32], threshold: float) -> Detections:
    """
    Return the candidates of one image at or above `threshold`, in input pixels, before NMS, by falling confidence.

    `output` is ``(4 + classes, anchors)``: centre x, centre y, width and height in input pixels, then one score a
    class. An anchor counts for its best class only, as in ultralytics' ``predict``.
    """
    scores = output[4:]
    chosen = np.flatnonzero(scores.max(axis=0) >= threshold)
    class_id = scores[:, chosen].argmax(axis=0)
    confidence = scores[class_id, chosen]
    order = np.argsort(-confidence, kind="stable")
    chosen, class_id, confidence = chosen[order], class_id[order], confidence[order]
    centre, half = output[0:2, chosen].T, output[2:4, chosen].T / 2
    return Detections(
        np.concatenate([centre - half, centre + half], axis=1).astype(np.float32, copy=False),
        confidence.astype(np.float32, copy=False),
        class_id.astype(np.int32),
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
    if len(detections) < 2:
        return detections
    kept = np.zeros(0, np.intp)
    for start in range(0, len(detections), _NMS_BLOCK):
        block = np.arange(start, min(start + _NMS_BLOCK, len(detections)))
        if kept.size:
            block = block[~_suppresses(detections, kept, block, iou_limit).any(axis=0)]
        pairs = _suppresses(detections, block, block, iou_limit)
        alive = np.ones(block.size, np.bool_)
        for row in np.flatnonzero(np.triu(pairs, 1).any(axis=1)):
            if alive[row]:
                alive[row + 1 :] &= ~pairs[row, row + 1 :]
        kept = np.concatenate([kept, block[alive]])[:MAX_DETECTIONS]
        if kept.size == MAX_DETECTIONS:
            break
    return Detections(detections.xyxy[kept], detections.confidence[kept], detections.class_id[kept])


def _suppresses(
    detections: Detections, strong: NDArray[np.intp], weak: NDArray[np.intp], iou_limit: float
) -> NDArray[np.bool_]:
    """Return for each pair of rows ``(strong, weak)`` whether the first removes the second."""
    one, other = detections.xyxy[strong, None].astype(np.float64), detections.xyxy[None, weak].astype(np.float64)
    overlap = (np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])).clip(0).prod(axis=2)
    areas = [(boxes[..., 2:] - boxes[..., :2]).clip(0).prod(axis=2) for boxes in (one, other)]
    # As a product, so that two empty boxes (0 / 0) do not suppress each other.
    removes: NDArray[np.bool_] = overlap > iou_limit * (areas[0] + areas[1] - overlap)
    removes &= detections.class_id[strong, None] == detections.class_id[None, weak]
    return removes
