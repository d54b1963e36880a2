"""
Images labelled for one topic only: the classes of other topics are neither present nor absent in them.

A picture of litter whose people nobody boxed must not teach that there are no people. Every class that an image's topic
does not answer becomes one ignored region over the whole image: its loss is left out there (mosaics carry the region
along with the image), and evaluation does not count detections inside it. Where a teacher knows some of these classes,
its clear sightings become labels, its doubtful ones ignored regions, and the rest of the image answers for them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from models.training.pictures.dataset import IGNORED, DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from models.training.pictures.dataset import Sample
    from models.training.pictures.repair import Sightings

WHOLE = (0.0, 0.0, 1.0, 1.0)


def unanswered(samples: Iterable[Sample], classes: Sequence[str], topics: Mapping[str, Sequence[str]]) -> list[Sample]:
    """
    Return the samples with every class that their topic does not answer ignored over the whole image.

    ``topics`` names the classes each topic answers. Raises DatasetError for a topic or class nobody declared.
    """
    unknown = {name for names in topics.values() for name in names} - set(classes)
    if unknown:
        message = f"topics name classes that are not there: {', '.join(sorted(unknown))}"
        raise DatasetError(message)
    marked = []
    for item in samples:
        if item.topic not in topics:
            message = f"{item.path}: its topic {item.topic!r} is none of {', '.join(sorted(topics))}"
            raise DatasetError(message)
        silent = [index for index, name in enumerate(classes) if name not in topics[item.topic]]
        marked.append(_with(item, [WHOLE] * len(silent), [IGNORED + index for index in silent]))
    return marked


def taught(
    samples: Iterable[Sample], sightings: Mapping[str, Sightings], known: Sequence[int], *, add: float, ignore: float
) -> list[Sample]:
    """
    Return the training samples in which a teacher has answered for the classes ``known`` that the topic left open.

    Sightings from ``add`` on become labels, from ``ignore`` on regions to ignore. An image the teacher has not seen,
    and every other class, stays as it was.
    """
    answered = []
    for item in samples:
        seen = sightings.get(item.name)
        open_classes = [kind for kind in known if IGNORED + kind in item.class_id]
        if item.split != "train" or seen is None or not open_classes:
            answered.append(item)
            continue
        keep = ~np.isin(item.class_id, [IGNORED + kind for kind in open_classes])
        chosen = np.flatnonzero(np.isin(seen.class_id, open_classes) & (seen.confidence >= ignore))
        kinds = [int(seen.class_id[row]) + (0 if seen.confidence[row] >= add else IGNORED) for row in chosen]
        left = replace(item, xyxy=item.xyxy[keep], class_id=item.class_id[keep])
        answered.append(_with(left, [tuple(seen.xyxy[row]) for row in chosen], kinds))
    return answered


def _with(item: Sample, xyxy: Sequence[tuple[float, ...]], kinds: Sequence[int]) -> Sample:
    if not kinds:
        return item
    return replace(
        item,
        xyxy=np.concatenate([item.xyxy, np.array(xyxy, np.float32).reshape(-1, 4)]),
        class_id=np.concatenate([item.class_id, np.array(kinds, np.int64)]),
    )
