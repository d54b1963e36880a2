"""Detections: what a detector found in one image, as columns."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Xyxy = tuple[float, float, float, float]
"""Left, top, right, bottom in source-image pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """
    The objects found in one image; row *i* of every column is one object. Sorted by falling confidence.

    Attributes:
        xyxy: float32 ``(n, 4)``: left, top, right, bottom in source-image pixels.

        confidence: float32 ``(n,)`` in [0, 1].

        class_id: int32 ``(n,)``: index into the model card's class names.
    """

    xyxy: NDArray[np.float32]
    confidence: NDArray[np.float32]
    class_id: NDArray[np.int32]

    def __post_init__(self) -> None:
        count = self.confidence.shape[0] if self.confidence.ndim == 1 else -1
        for name, array, shape in (
            ("xyxy", self.xyxy, (count, 4)),
            ("confidence", self.confidence, (count,)),
            ("class_id", self.class_id, (count,)),
        ):
            if array.shape != shape:
                raise ValueError(f"{name} must have shape {shape}, got {array.shape}")

    def __len__(self) -> int:
        return int(self.confidence.shape[0])

    @classmethod
    def empty(cls) -> Self:
        """Return no detections."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int32))

    def where(self, mask: NDArray[np.bool_]) -> Self:
        """Return the rows for which `mask` (bool ``(n,)``) holds."""
        return type(self)(self.xyxy[mask], self.confidence[mask], self.class_id[mask])
