"""A detector built from a network: letterbox, run, decode, suppress, back to image pixels."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.detections import Detections
from models.detector import InferenceError, ModelCard, Runtime
from models.slots import Slot
from models.tensors import Letterbox, decode_end_to_end, decode_v8_head, non_max_suppression

MAX_BATCH = 32
"""Most images in flight at once in one call: bounds memory. A GPU gains up to about here, a CPU nothing beyond 8."""

STRIDE = 32
"""Input sides are multiples of this: the coarsest step of every YOLO from v5 to 26 without a P6 level."""


class Head(StrEnum):
    """What a network's output means."""

    V8 = "v8"
    END_TO_END = "end2end"


class Network(Protocol):
    """Weights loaded into an engine. Thread-safe."""

    @property
    def runtime(self) -> Runtime:
        """The engine, its device and precision."""
        ...

    def split(self, count: int) -> Sequence[int]:
        """Return how many images each run takes that together run `count`; the last may leave room (padding)."""
        ...

    def slot(self, batch: int, input_wh: tuple[int, int]) -> AbstractContextManager[Slot]:
        """Lend a slot for `batch` images of that size, one of the counts that `split` names."""
        ...


class NetworkDetector:
    """
    The `Detector` over a `Network`.

    Images of one call may differ in size: those that letterbox to one input size run together. While one run computes,
    the images of the next are scaled into its input. Thread-safe because it holds no state of a call.
    """

    def __init__(self, card: ModelCard, head: Head, nms_iou: float, network: Network) -> None:
        self._card = card
        self._head = head
        self._nms_iou = nms_iou
        self._network = network

    @property
    def card(self) -> ModelCard:
        """The model's card, with the threshold in force."""
        return self._card

    @property
    def runtime(self) -> Runtime:
        """What runs it."""
        return self._network.runtime

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Return the detections of each BGR image ``uint8 (h, w, 3)``, in its own pixels; raise `InferenceError`."""
        found = [Detections.empty() for _ in images]
        boxes = [self._letterbox(image) for image in images]
        by_size: dict[tuple[int, int], list[int]] = defaultdict(list)
        for index, box in enumerate(boxes):
            by_size[box.input_wh].append(index)
        for input_wh, indices in by_size.items():
            for start in range(0, len(indices), MAX_BATCH):
                self._detect_alike(images, boxes, input_wh, indices[start : start + MAX_BATCH], found)
        return found

    def _detect_alike(
        self,
        images: Sequence[NDArray[np.uint8]],
        boxes: Sequence[Letterbox],
        input_wh: tuple[int, int],
        indices: Sequence[int],
        found: list[Detections],
    ) -> None:
        """Put the detections of the images at `indices`, which all letterbox to `input_wh`, in their places."""
        running: list[tuple[Slot, Sequence[int]]] = []
        with ExitStack() as slots:
            taken = 0
            for batch in self._network.split(len(indices)):
                chunk = indices[taken : taken + batch]
                taken += batch
                slot = slots.enter_context(self._network.slot(batch, input_wh))
                for canvas, index in zip(slot.images, chunk, strict=False):  # what is over stays as it was: padding
                    boxes[index].write(images[index], canvas)
                slot.start()
                running.append((slot, chunk))
            for slot, chunk in running:
                for output, index in zip(self._checked(slot.wait(), slot.images), chunk, strict=False):
                    found[index] = self._decode(output, boxes[index])

    def _letterbox(self, image: NDArray[np.uint8]) -> Letterbox:
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
            raise InferenceError(
                f"model {self._card.name} takes BGR images uint8 (h, w, 3), got {image.dtype} {image.shape}"
            )
        return Letterbox.fit((image.shape[1], image.shape[0]), max(self._card.input_wh), STRIDE)

    def _checked(self, output: NDArray[np.float32], images: NDArray[np.uint8]) -> NDArray[np.float32]:
        classes = len(self._card.class_names)
        legal = (
            output.ndim == 3
            and output.shape[0] == images.shape[0]
            and (output.shape[1] == 4 + classes if self._head is Head.V8 else output.shape[2] == 6)
        )
        if not legal:
            raise InferenceError(
                f"model {self._card.name} has a {self._head} head and {classes} classes, "
                f"but its output for {images.shape} is {output.shape}"
            )
        return output

    def _decode(self, output: NDArray[np.float32], box: Letterbox) -> Detections:
        threshold = self._card.threshold
        found = (
            non_max_suppression(decode_v8_head(output, threshold), self._nms_iou)
            if self._head is Head.V8
            else decode_end_to_end(output, threshold)
        )
        found = Detections(box.to_source(found.xyxy), found.confidence, found.class_id)
        sides = found.xyxy[:, 2:] - found.xyxy[:, :2]
        return found.where((sides[:, 0] > 0) & (sides[:, 1] > 0))
