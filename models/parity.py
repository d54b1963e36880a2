"""Parity: how far the detections of one detector are from another's on the same pictures."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.detections import Detections
from models.detector import Detector
from models.overlap import overlaps

MATCH_IOU = 0.5
"""Boxes of one class that overlap by at least this belong together."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, 99 % and worst of the differences; all 0 where nothing was compared."""

    median: float
    p99: float
    worst: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return the spread of `values`."""
        if not values:
            return cls(0.0, 0.0, 0.0)
        return cls(*(round(float(np.quantile(values, share)), 4) for share in (0.5, 0.99, 1.0)))


@dataclass(frozen=True, slots=True)
class Parity:
    """
    How far a detector is from the reference.

    Attributes:
        reference, other: engine and precision of each.

        images: pictures compared.

        reference_boxes, other_boxes: boxes at or above `threshold`.

        matched: pairs of one class that belong together and of which at least one reaches `threshold`.

        lost, gained: largest confidence of a reference box, and of one of the other's, without a partner; else 0.

        edge_px: distance of the farthest edge of a pair, in pixels of the network's input.

        confidence: difference of a pair's confidences.

        reference_cpu_ms, other_cpu_ms: processor time for a picture, one by one, in turns.
    """

    reference: str
    other: str
    threshold: float
    images: int
    reference_boxes: int
    other_boxes: int
    matched: int
    lost: float
    gained: float
    edge_px: Spread
    confidence: Spread
    reference_cpu_ms: float
    other_cpu_ms: float

    def text(self) -> str:
        """Return the comparison as lines for people."""
        edge, sure = self.edge_px, self.confidence
        boxes = f"{self.other_boxes} against {self.reference_boxes}, {self.matched} pairs"
        lone = f"surest lost {self.lost:.3f}, surest gained {self.gained:.3f}"
        lines = [
            f"{self.other} against {self.reference}, {self.images} pictures, threshold {self.threshold:g}",
            f"  boxes        {boxes}; {lone}",
            f"  edges px     median {edge.median:.2f}, 99 % {edge.p99:.2f}, worst {edge.worst:.2f}",
            f"  confidence   median {sure.median:.4f}, 99 % {sure.p99:.4f}, worst {sure.worst:.4f}",
            f"  processor    {self.other_cpu_ms:.1f} ms a picture against {self.reference_cpu_ms:.1f}",
        ]
        return "\n".join(lines)


def compare(reference: Detector, other: Detector, pictures: Iterable[NDArray[np.uint8]], threshold: float) -> Parity:
    """
    Return how far `other` is from `reference` on BGR pictures, looking at boxes that reach `threshold` in either.

    Both detectors should go well below `threshold`, so that a box on its edge finds its partner. Raises
    `InferenceError`.
    """
    edges: list[float] = []
    confidences: list[float] = []
    cpu_ms: tuple[list[float], list[float]] = ([], [])
    counts, lone = np.zeros(2, np.int64), np.zeros(2)
    images = 0
    for picture in pictures:
        found = []
        for detector, spent in zip((reference, other), cpu_ms, strict=True):
            start = time.process_time()
            found.extend(detector.detect([picture]))
            spent.append((time.process_time() - start) * 1000)
        images += 1
        scale = max(picture.shape[:2]) / max(reference.card.input_wh)
        pairs, alone = pair_up(found[0], found[1], threshold)
        counts += [int((each.confidence >= threshold).sum()) for each in found]
        lone = np.maximum(lone, alone)
        for left, right in pairs:
            edges.append(float(np.abs(found[0].xyxy[left] - found[1].xyxy[right]).max()) / scale)
            confidences.append(abs(float(found[0].confidence[left] - found[1].confidence[right])))
    return Parity(
        reference=f"{reference.runtime.engine} {reference.runtime.precision}",
        other=f"{other.runtime.engine} {other.runtime.precision}",
        threshold=threshold,
        images=images,
        reference_boxes=int(counts[0]),
        other_boxes=int(counts[1]),
        matched=len(edges),
        lost=round(float(lone[0]), 4),
        gained=round(float(lone[1]), 4),
        edge_px=Spread.of(edges),
        confidence=Spread.of(confidences),
        reference_cpu_ms=round(float(np.median(cpu_ms[0])), 2) if images else 0.0,
        other_cpu_ms=round(float(np.median(cpu_ms[1])), 2) if images else 0.0,
    )


def pair_up(one: Detections, other: Detections, threshold: float) -> tuple[list[tuple[int, int]], tuple[float, float]]:
    """Return the rows that belong together, each used once, and the surest box of either without a partner."""
    iou = overlaps(one.xyxy, other.xyxy)
    iou[one.class_id[:, None] != other.class_id[None]] = 0
    pairs = []
    for left in range(len(one)):  # surest first
        if iou.shape[1] and (best := int(iou[left].argmax())) >= 0 and iou[left, best] >= MATCH_IOU:
            if max(one.confidence[left], other.confidence[best]) >= threshold:
                pairs.append((left, best))
            iou[left], iou[:, best] = -1, -1
            iou[left, best] = 2
    lone = []
    for found, axis in ((one, 1), (other, 0)):
        alone = (iou < 2).all(axis=axis) & (found.confidence >= threshold)
        lone.append(float(found.confidence[alone].max(initial=0)))
    return pairs, (lone[0], lone[1])
