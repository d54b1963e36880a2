"""
What a head is tuned on: the neighbourhoods of chosen anchors, with what each should answer.

While the end of the class branch is tuned (:mod:`head`) everything before it stays as it is, and so do the boxes. Its
last two convolutions see three by three cells around an anchor and nothing else, so a picture is worth a few dozen
neighbourhoods: those the labels ask for, those the head already takes for something, and some of the rest, with a
weight for those left out. They are computed once, by OpenVINO in the precision the detector runs in, letterboxed as
the detector does it, and take some 150 kB a picture.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.detector import ModelError
from models.network import STRIDE
from models.runtime.openvino_runtime import OpenVinoNetwork, Precision
from models.runtime.storage import with_hidden
from models.tensors import Letterbox, decode_v8_head, non_max_suppression
from models.training.pictures.dataset import IGNORED
from models.training.pictures.repair import Sightings, repair

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.training.pictures.dataset import Sample
    from models.training.recipe import Repair

STRIDES = (8, 16, 32)
SIDE = 3
"""Cells that the last two convolutions see: three by three, then one."""

CHUNK = 128
"""Views a file: sorted by input size within it, because the run-time keeps few sizes ready."""

DOUBTED = 0.01
"""An anchor that the head gives at least this score is learned from in any case."""

MOST_DOUBTED = 48
NMS_IOU = 0.7
OTHERS = 32
"""Anchors of a picture drawn from those that neither labels nor scores point at."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """
    One picture to learn from.

    Attributes:
        sample: What it was made of, its boxes and classes as they lie in this picture.

        origin: ``real``, ``mirrored`` or ``painted``.

        image: BGR uint8 ``(h, w, 3)``.
    """

    sample: Sample
    origin: str
    image: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Facts:
    """
    What is kept of a view beside its lessons.

    Attributes:
        name, group, origin: As in `View` and its sample.

        is_negative: It holds no object.

        added, ignored: Boxes and regions that label repair added, by class.
    """

    name: str
    group: str
    origin: str
    is_negative: bool
    added: dict[str, int] = field(default_factory=dict)
    ignored: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """
    What a detector makes of one picture.

    Attributes:
        hidden: float32 ``(channels, h, w)`` a level, finest first: after the first layer of the class branch.

        xyxy: float32 ``(a, 4)``, boxes of all anchors, px of the input.

        scores: float32 ``(a, classes)``.
    """

    hidden: tuple[torch.Tensor, ...]
    xyxy: torch.Tensor
    scores: torch.Tensor


class Eye:
    """A detector in OpenVINO that tells what the end of its class branch sees."""

    def __init__(self, weights: bytes, *, long_side_px: int, threads: int, precision: Precision) -> None:
        """Take an exported YOLOv8 ONNX file; raise `ModelError` where its head is another."""
        try:
            content, self.channels = with_hidden(weights)
        except ValueError as error:
            message = f"cannot look into the class branch: {error}"
            raise ModelError(message) from None
        self.long_side_px = long_side_px
        self._network = OpenVinoNetwork("eye", content, threads, precision)

    def letterbox(self, image: NDArray[np.uint8]) -> Letterbox:
        """Return how an image ``(h, w, 3)`` lies in the input."""
        return Letterbox.fit((image.shape[1], image.shape[0]), self.long_side_px, STRIDE)

    def see(self, image: NDArray[np.uint8]) -> Seen:
        """Return what the detector makes of a BGR image."""
        box = self.letterbox(image)
        with self._network.slot(1, box.input_wh) as slot:
            box.write(image, slot.images[0])
            slot.start()
            told = torch.from_numpy(slot.wait()[0].copy())
        shapes = [
            (count, box.input_wh[1] // stride, box.input_wh[0] // stride)
            for count, stride in zip(self.channels, STRIDES, strict=True)
        ]
        sizes = [count * height * width for count, height, width in shapes]
        *hidden, output = told.split([*sizes, len(told) - sum(sizes)])
        anchors = sum(height * width for _, height, width in shapes)
        output = output.view(-1, anchors).T
        centre, half = output[:, :2], output[:, 2:4] / 2
        return Seen(
            hidden=tuple(part.view(shape) for part, shape in zip(hidden, shapes, strict=True)),
            xyxy=torch.cat([centre - half, centre + half], dim=1),
            scores=output[:, 4:],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """
    Anchors of one level, of one picture or many.

    Attributes:
        cells: float16 ``(n, channels, SIDE, SIDE)``: around each anchor, zero outside the picture.

        target: float32 ``(n, classes)``: the score to give.

        weight: float32 ``(n, classes)``: how many anchors this one stands for; 0 where the label does not say.

        view: int64 ``(n,)``: number of the picture.
    """

    cells: torch.Tensor
    target: torch.Tensor
    weight: torch.Tensor
    view: torch.Tensor

    def __len__(self) -> int:
        """Return the number of anchors."""
        return len(self.view)

    @classmethod
    def joined(cls, parts: Sequence[Lesson]) -> Lesson:
        """Return the anchors of several parts, one after the other."""
        return cls(*(torch.cat([getattr(part, name) for part in parts]) for name in cls.__slots__))


class Chooser:
    """Chooses the anchors of a picture to learn from; seeded."""

    def __init__(self, classes: int, *, seed: int) -> None:
        """Assign labels to anchors as ultralytics' loss does, for ``classes`` classes."""
        from ultralytics.utils.tal import TaskAlignedAssigner  # noqa: PLC0415 - ultralytics is slow to import

        self._assigner = TaskAlignedAssigner(topk=10, num_classes=classes, alpha=0.5, beta=6.0, stride=list(STRIDES))
        self._generator = torch.Generator().manual_seed(seed)

    def choose(self, seen: Seen, xyxy: NDArray[np.float32], class_id: NDArray[np.int64], view: int) -> list[Lesson]:
        """Return the lesson of each level; boxes ``(n, 4)`` in px of the input, classes as in `View`."""
        points, stride = _points(seen.hidden)
        target = self._targets(seen, points * stride, xyxy, class_id)
        heard = _heard(points * stride, xyxy, class_id, target.shape[1])
        best = seen.scores.amax(dim=1)
        is_asked = (target > 0).any(dim=1)
        doubted = torch.where(is_asked, -1.0, best)
        some = doubted.topk(min(MOST_DOUBTED, len(doubted))).indices
        is_asked[some[doubted[some] >= DOUBTED]] = True
        rest = (~is_asked).nonzero()[:, 0]
        drawn = rest[torch.randperm(len(rest), generator=self._generator)[:OTHERS]]
        weight = torch.ones(len(target))
        weight[drawn] = len(rest) / max(len(drawn), 1)
        chosen = is_asked.clone()
        chosen[drawn] = True
        lessons, start = [], 0
        for level in seen.hidden:
            height, width = level.shape[1:]
            own = chosen[start : start + height * width].nonzero()[:, 0]
            rows = own + start
            cells = neighbourhoods(level, own).half()
            number = torch.full((len(own),), view, dtype=torch.int64)
            lessons.append(Lesson(cells, target[rows], weight[rows, None] * heard[rows], number))
            start += height * width
        return lessons

    def _targets(
        self, seen: Seen, points: torch.Tensor, xyxy: NDArray[np.float32], class_id: NDArray[np.int64]
    ) -> torch.Tensor:
        """Return the scores ``(a, classes)`` that the labels ask for."""
        is_object = class_id < IGNORED
        if not is_object.any():
            return torch.zeros_like(seen.scores)
        boxes = torch.from_numpy(xyxy[is_object]).float()[None]
        kinds = torch.from_numpy(class_id[is_object])[None, :, None]
        mask = torch.ones(1, boxes.shape[1], 1, dtype=torch.bool)
        _, _, scores, _, _ = self._assigner(seen.scores[None], seen.xyxy[None], points, kinds, boxes, mask)
        return scores[0].float()


def neighbourhoods(level: torch.Tensor, cells: torch.Tensor) -> torch.Tensor:
    """Return ``(n, channels, SIDE, SIDE)`` around cells ``(n,)`` of ``(channels, h, w)``; zero outside, as padded."""
    width = level.shape[2]
    padded = torch.nn.functional.pad(level, [SIDE // 2] * 4)
    around = torch.arange(SIDE)
    rows, columns = (cells // width)[:, None] + around, (cells % width)[:, None] + around
    return padded[:, rows[:, :, None], columns[:, None, :]].permute(1, 0, 2, 3).contiguous()


def keep(views: Iterable[View], eye: Eye, chooser: Chooser, folder: Path, mend: Repair) -> None:
    """
    Write the lessons of ``views`` to a folder, a file of `CHUNK` views at a time.

    Labels of sources known to be labelled in part are repaired by what the detector sees itself (:mod:`repair`).
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number, chunk in enumerate(_chunks(views)):
        boxes = [eye.letterbox(view.image) for view in chunk]
        lessons: list[list[Lesson]] = []
        facts: list[Facts] = []
        for row in sorted(range(len(chunk)), key=lambda row: boxes[row].input_wh):
            view, box = chunk[row], boxes[row]
            seen = eye.see(view.image)
            (sample,), count = repair([view.sample], {view.sample.name: sightings(seen, box)}, mend)
            edges = box.to_input(sample.xyxy.reshape(-1, 4) * np.tile(np.array(box.source_wh, np.float32), 2))
            lessons.append(chooser.choose(seen, edges, sample.class_id, len(facts)))
            facts.append(
                Facts(
                    name=sample.name,
                    group=sample.group,
                    origin=view.origin,
                    is_negative=not (sample.class_id < IGNORED).any(),
                    added={str(kind): boxes for kind, boxes in count.added.items()},
                    ignored={str(kind): boxes for kind, boxes in count.ignored.items()},
                )
            )
        columns: dict[str, NDArray[np.generic]] = {}
        for level, parts in enumerate(zip(*lessons, strict=True)):
            whole = Lesson.joined(parts)
            columns |= {f"{name}.{level}": getattr(whole, name).numpy() for name in Lesson.__slots__}
        part = folder / f"{number:05d}.part.npz"
        columns["facts"] = np.array([json.dumps(asdict(one)) for one in facts])
        np.savez(part, **columns)  # type: ignore[arg-type]
        part.replace(folder / f"{number:05d}.npz")


def sightings(seen: Seen, box: Letterbox, *, floor: float = DOUBTED) -> Sightings:
    """Return what the detector reports of a picture from ``floor`` on, after NMS at IoU 0.7, as `evaluate.see` does."""
    output = torch.cat([(seen.xyxy[:, :2] + seen.xyxy[:, 2:]) / 2, seen.xyxy[:, 2:] - seen.xyxy[:, :2], seen.scores], 1)
    found = non_max_suppression(decode_v8_head(output.T.numpy(), floor), NMS_IOU)
    size = np.tile(np.array(box.source_wh, np.float32), 2)
    return Sightings(box.to_source(found.xyxy) / size, found.confidence, found.class_id.astype(np.int64))


def read(folders: Sequence[Path]) -> tuple[list[Lesson], list[Facts]]:
    """Return the lessons in folders by level, and what is known of each view; raise `ModelError` where none is."""
    files = [path for folder in folders for path in sorted(folder.glob("*.npz")) if not path.stem.endswith(".part")]
    if not files:
        message = f"{', '.join(str(folder) for folder in folders)}: no lessons here"
        raise ModelError(message)
    parts: list[list[Lesson]] = [[] for _ in STRIDES]
    facts: list[Facts] = []
    for path in files:
        with np.load(path, allow_pickle=False) as columns:
            for level in range(len(STRIDES)):
                values = {name: torch.from_numpy(columns[f"{name}.{level}"]) for name in Lesson.__slots__}
                values["view"] = values["view"] + len(facts)
                parts[level].append(Lesson(**values))
            facts += [Facts(**json.loads(str(line))) for line in columns["facts"]]
    return [Lesson.joined(level) for level in parts], facts


def _points(levels: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return anchor centres ``(a, 2)`` in cells and strides ``(a, 1)``."""
    from ultralytics.utils.tal import make_anchors  # noqa: PLC0415 - ultralytics is slow to import

    strides = torch.tensor(STRIDES, dtype=torch.float32)
    points, stride = make_anchors([level[None] for level in levels], strides, 0.5)
    return points, stride


def _heard(points: torch.Tensor, xyxy: NDArray[np.float32], class_id: NDArray[np.int64], classes: int) -> torch.Tensor:
    """Return ``(a, classes)``: 0 where an anchor lies in a region ignored for that class, else 1."""
    heard = torch.ones(len(points), classes)
    for box, kind in zip(torch.from_numpy(xyxy), class_id.tolist(), strict=True):
        if kind >= IGNORED:
            inside = ((points > box[:2]) & (points < box[2:])).all(dim=1)
            heard[inside, kind - IGNORED] = 0.0
    return heard


def _chunks(views: Iterable[View]) -> Iterator[list[View]]:
    chunk: list[View] = []
    for view in views:
        chunk.append(view)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
