"""
Accuracy of single pictures: average precision, errors at the threshold, and where they come from.

Works with ONNX Runtime or OpenVINO alone, on the detector that the worker uses.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy import score
from benchmarks.accuracy.deciders import candidate_threshold
from benchmarks.accuracy.figures import Estimate, Share
from benchmarks.accuracy.looks import CURVE_FLOOR, CURVE_NMS_IOU, Look
from benchmarks.accuracy.pictures import PictureSet
from benchmarks.accuracy.result import (
    ClassFigures,
    Curve,
    GroupFigures,
    ImageFigures,
    ImageSet,
    ImageSettings,
    Mistake,
    Mistakes,
    SizeFigures,
    SweepRow,
)
from models.overlap import overlaps
from models.tensors import MAX_DETECTIONS, non_max_suppression
from models.training.pictures.dataset import CLASS_NAMES

SEED = 7
RESAMPLES = 300
FEWEST = 10
"""Pictures with labels below which an average precision gets no interval: resampling so few says nothing."""

AREA_SIDES: Mapping[str, tuple[float, float]] = {
    "small": (0.0, 32.0),
    "medium": (32.0, 96.0),
    "large": (96.0, float("inf")),
}
"""COCO's classes by the square root of the area in pixels, of the picture scaled to a longer side of 640."""

_AREA_LONG_SIDE = 640
_CURVE_POINTS = 200
_WORST = 12
_SWEEP = tuple(round(0.05 * step, 2) for step in range(1, 20))
_ALL = range(len(score.IOU_STEPS))


def image_figures(
    looks: Sequence[Look], pictures: PictureSet, *, threshold: float, nms_iou: float, resamples: int = RESAMPLES
) -> ImageFigures:
    """Return every figure of the pictures, those of single thresholds at `threshold` and with NMS at `nms_iou`."""
    val = [look for look in looks if not look.is_held]
    curves = _matches(val)
    work = _matches(val, nms_iou)
    negatives = [look for look in val if look.is_negative]
    found, wrong, missed = (sum(each) for each in zip(*(one.above(threshold) for one in work), strict=True))
    return ImageFigures(
        settings=ImageSettings(
            curve_nms_iou=CURVE_NMS_IOU,
            curve_floor=CURVE_FLOOR,
            max_detections=MAX_DETECTIONS,
            resamples=resamples,
            seed=SEED,
            limit=pictures.limit,
        ),
        data=ImageSet(
            sha256=pictures.sha256,
            portion=pictures.portion,
            images=len(val),
            negatives=len(negatives),
            boxes={name: int(one.labels.sum()) for name, one in zip(CLASS_NAMES, curves, strict=True)},
            held_images=len(looks) - len(val) - pictures.streets,
            street_images=pictures.streets,
        ),
        map50=_estimate(curves, val, [0], resamples),
        map50_95=_estimate(curves, val, _ALL, resamples),
        precision=Share.of(found, found + wrong),
        recall=Share.of(found, found + missed),
        image_recall=_alarmed([look for look in val if not look.is_negative], threshold),
        false_alarms=_alarmed(negatives, threshold),
        classes={
            name: _class_figures(one, at_work, val, threshold, resamples)
            for name, one, at_work in zip(CLASS_NAMES, curves, work, strict=True)
        },
        sizes={name: _size_figures(val, sides, resamples) for name, sides in AREA_SIDES.items()},
        groups={
            name: _group_figures(members, threshold, nms_iou, resamples)
            for name, members in _grouped(looks)
            if not all(look.is_negative for look in members)
        },
        look_alikes={
            name: _alarmed([look for look in members if look.is_negative], threshold)
            for name, members in _grouped(looks)
            if any(look.is_negative for look in members)
        },
        sweep=[_sweep_row(limit, work, val) for limit in sorted({*_SWEEP, threshold, candidate_threshold()})],
        mistakes=Mistakes(false_alarms=_false_alarms(looks), misses=_misses(val, threshold)),
    )


def _grouped(looks: Iterable[Look]) -> list[tuple[str, list[Look]]]:
    groups: dict[str, list[Look]] = defaultdict(list)
    for look in looks:
        groups[look.group].append(look)
    return sorted(groups.items())


def _alarmed(looks: Sequence[Look], threshold: float) -> Share:
    """Return the share of pictures in which anything is detected."""
    return Share.of(sum(look.surest >= threshold for look in looks), len(looks))


def _matches(
    looks: Sequence[Look], nms_iou: float | None = None, sides: tuple[float, float] | None = None
) -> list[score.Matches]:
    """
    Return, for each class, how detections met labels; with `nms_iou` after that NMS, which only removes boxes.

    With `sides`, labels of another size are set aside, and so are detections of another size that meet no label.
    """
    tables: list[list[tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]]] = [[] for _ in CLASS_NAMES]
    labels = np.zeros((len(CLASS_NAMES), len(looks)), np.int64)
    for column, look in enumerate(looks):
        found = look.found if nms_iou is None else non_max_suppression(look.found, nms_iou)
        scale = _AREA_LONG_SIDE / max(look.size_wh)
        for kind, table in enumerate(tables):
            truth, seen = look.xyxy[look.class_id == kind], found.where(found.class_id == kind)
            counted = _within(truth, scale, sides)
            hit, aside = score.match(overlaps(truth, seen.xyxy), counted)
            stray = ~hit & ~aside & ~_within(seen.xyxy, scale, sides)[:, None]
            table.append((seen.confidence.astype(np.float64), hit, aside | stray))
            labels[kind, column] = counted.sum()
    return [_joined(table, labels[kind]) for kind, table in enumerate(tables)]


def _within(xyxy: NDArray[np.float32], scale: float, sides: tuple[float, float] | None) -> NDArray[np.bool_]:
    if sides is None:
        return np.ones(len(xyxy), np.bool_)
    side = np.sqrt((xyxy[:, 2:] - xyxy[:, :2]).clip(0).prod(axis=1)) * scale
    return np.asarray((side >= sides[0]) & (side < sides[1]), np.bool_)


def _joined(
    table: Sequence[tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]], labels: NDArray[np.int64]
) -> score.Matches:
    steps = (0, len(score.IOU_STEPS))
    confidence = np.concatenate([np.zeros(0), *(row[0] for row in table)])
    hit = np.concatenate([np.zeros(steps, np.bool_), *(row[1] for row in table)])
    ignored = np.concatenate([np.zeros(steps, np.bool_), *(row[2] for row in table)])
    picture = np.repeat(np.arange(len(table)), [len(row[0]) for row in table])
    order = np.argsort(-confidence, kind="stable")
    return score.Matches(confidence[order], hit[order], ignored[order], picture[order], labels)


def _estimate(
    matches: Sequence[score.Matches], looks: Sequence[Look], steps: Iterable[int], resamples: int
) -> Estimate:
    """Return the mean average precision over classes and IoU steps, with its interval by resampling the pictures."""
    chosen = list(steps)
    value = score.mean_precision(matches, chosen)
    if sum(bool(any(one.labels[row] for one in matches)) for row in range(len(looks))) < FEWEST:
        return Estimate.of(value, (0.0, 1.0))

    def figure(weights: NDArray[np.float64]) -> float:
        return score.mean_precision(matches, chosen, weights)

    return Estimate.of(value, score.bootstrap(figure, len(looks), resamples=resamples, seed=SEED))


def _class_figures(
    curve: score.Matches, work: score.Matches, looks: Sequence[Look], threshold: float, resamples: int
) -> ClassFigures:
    found, wrong, missed = work.above(threshold)
    return ClassFigures(
        boxes=int(curve.labels.sum()),
        ap50=_estimate([curve], looks, [0], resamples),
        ap50_95=_estimate([curve], looks, _ALL, resamples),
        precision=Share.of(found, found + wrong),
        recall=Share.of(found, found + missed),
        curve=_curve(curve),
    )


def _curve(matches: score.Matches) -> Curve:
    """Return the monotone curve at `_CURVE_POINTS` detections evenly spaced in recall, from the surest on."""
    recall, precision, confidence = score.precision_recall(matches)
    if not len(recall):
        return Curve(recall=[], precision=[], confidence=[])
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    rows = np.unique(np.searchsorted(recall, np.linspace(0, recall[-1], _CURVE_POINTS) - 1e-12))
    return Curve(recall=recall[rows].tolist(), precision=envelope[rows].tolist(), confidence=confidence[rows].tolist())


def _size_figures(looks: Sequence[Look], sides: tuple[float, float], resamples: int) -> SizeFigures:
    matches = _matches(looks, sides=sides)
    return SizeFigures(
        boxes=sum(int(one.labels.sum()) for one in matches),
        map50=_estimate(matches, looks, [0], resamples),
        map50_95=_known(score.mean_precision(matches, _ALL)),
    )


def _group_figures(looks: Sequence[Look], threshold: float, nms_iou: float, resamples: int) -> GroupFigures:
    curves, work = _matches(looks), _matches(looks, nms_iou)
    found, _, missed = (sum(each) for each in zip(*(one.above(threshold) for one in work), strict=True))
    return GroupFigures(
        images=len(looks),
        boxes=found + missed,
        map50=_estimate(curves, looks, [0], resamples),
        map50_95=_known(score.mean_precision(curves, _ALL)),
        box_recall=Share.of(found, found + missed),
        image_recall=_alarmed([look for look in looks if not look.is_negative], threshold),
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _sweep_row(threshold: float, work: Sequence[score.Matches], looks: Sequence[Look]) -> SweepRow:
    found, wrong, missed = (sum(each) for each in zip(*(one.above(threshold) for one in work), strict=True))
    return SweepRow(
        threshold=threshold,
        precision=Share.of(found, found + wrong),
        recall=Share.of(found, found + missed),
        f1=2 * found / (2 * found + wrong + missed) if found + wrong + missed else None,
        image_recall=_alarmed([look for look in looks if not look.is_negative], threshold),
        false_alarms=_alarmed([look for look in looks if look.is_negative], threshold),
    )


def _false_alarms(looks: Sequence[Look]) -> list[Mistake]:
    """Return the surest detections in pictures with nothing to find, the surest first, one a picture."""
    wrong = [look for look in looks if look.is_negative and len(look.found)]
    wrong.sort(key=lambda look: (-look.surest, look.name))
    return [_mistake(look, int(look.found.confidence.argmax()), is_miss=False) for look in wrong[:_WORST]]


def _misses(looks: Sequence[Look], threshold: float) -> list[Mistake]:
    """Return the largest labels (by share of the picture) that no detection of their class touches, one a picture."""
    missed: list[tuple[float, Mistake]] = []
    for look in looks:
        sure = look.found.where(look.found.confidence >= threshold)
        iou = overlaps(look.xyxy, sure.xyxy)
        touched = ((iou > 0) & (look.class_id[:, None] == sure.class_id[None])).any(axis=1)
        area = (look.xyxy[:, 2:] - look.xyxy[:, :2]).prod(axis=1) / np.prod(look.size_wh)
        area[touched] = 0
        if area.size and area.max() > 0:
            row = int(area.argmax())
            missed.append((-float(area[row]), _mistake(look, row, is_miss=True)))
    missed.sort(key=lambda pair: (pair[0], pair[1].name))
    return [mistake for _, mistake in missed[:_WORST]]


def _mistake(look: Look, row: int, *, is_miss: bool) -> Mistake:
    if is_miss:
        xyxy, kind, confidence = look.xyxy[row], int(look.class_id[row]), look.surest
    else:
        xyxy, kind, confidence = look.found.xyxy[row], int(look.found.class_id[row]), look.surest
    left, top, right, bottom = (float(edge) for edge in xyxy)
    return Mistake(
        name=look.name,
        group=look.group,
        class_name=CLASS_NAMES[kind],
        confidence=confidence,
        xyxy=(left, top, right, bottom),
    )
