"""What a run learns from and is measured on: labels repaired, negatives added, splits checked for leaks."""

from __future__ import annotations

import tarfile
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from models.training.pictures.dataset import (
    DESCRIPTION,
    IGNORED,
    DatasetError,
    Sample,
    fingerprint,
    of_split,
    read_folder,
)
from models.training.pictures.kept import KEY, KeptBack
from models.training.pictures.repair import read_sightings, repair, without_doubtful
from models.training.pictures.splits import hold_out, split_off, without_leaks
from models.training.pictures.topics import taught, unanswered

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from models.training.recipe import Recipe

VALIDATION_SHARE = 0.1
"""Share of a folder without a split that becomes its validation part."""

HELD_SHARE = 0.15
"""Share of a held group's training part that is kept back."""


@dataclass(frozen=True, slots=True)
class Sources:
    """
    Where the images of a run come from.

    Attributes:
        data: YOLO-format folder (see `read_folder`).

        objects: Street scenes of another topic, all of them negatives; or none.

        sightings: A teacher's answers (see `read_sightings`); or none, then nothing is repaired.

        also: More YOLO-format folders, all of them to learn from and drawn, not photographed: rendered lessons.
    """

    data: Path
    objects: Path | None = None
    sightings: Path | None = None
    also: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """
    What a run learns from and is measured on.

    Attributes:
        train: Labelled images, repaired, extra negatives included.

        check: Validation and held-out images, labels as the sources gave them.

        notes: Counts for the run record.
    """

    train: list[Sample]
    check: list[Sample]
    notes: dict[str, object]

    @property
    def fingerprint(self) -> str:
        """The data hash of the run record."""
        return fingerprint(self.train + self.check)


def unpack(folder: Path, out: Path) -> Path:
    """
    Return the YOLO-format folder behind ``folder``: itself, or ``out`` with the tars of ``folder`` unpacked into it.

    Tars are unpacked once, without links or paths that lead outside; ``manifest.csv`` and ``data.yaml`` beside them go
    along.
    """
    tars = sorted(folder.glob("*.tar"))
    if not tars:
        return folder
    done = out / "unpacked.txt"
    listed = "".join(f"{path.name} {path.stat().st_size}\n" for path in tars)
    if done.is_file() and done.read_text(encoding="utf-8") == listed:
        return out
    out.mkdir(parents=True, exist_ok=True)
    for path in tars:
        try:
            with tarfile.open(path) as tar:
                tar.extractall(out, filter="data")
        except tarfile.TarError as error:
            message = f"{path}: not a tar that can be unpacked: {error}"
            raise DatasetError(message) from None
    for beside in (folder / "manifest.csv", folder / DESCRIPTION):
        if beside.is_file():
            (out / beside.name).write_bytes(beside.read_bytes())
    done.write_text(listed, encoding="utf-8")
    return out


def parted(samples: list[Sample], held: Iterable[str], seed: int) -> list[Sample]:
    """
    Return the samples of a folder with what is kept back of them marked.

    Without a validation part one is split off (``val``, `VALIDATION_SHARE`); of each group in ``held``, `HELD_SHARE` of
    what would be learned from is ``held``. Both by look-alike clusters, in an order drawn from ``seed``.
    """
    if not of_split(samples, "val"):
        samples = split_off(samples, share=VALIDATION_SHARE, seed=seed)
    for group in held:
        samples = hold_out(samples, group, share=HELD_SHARE, seed=seed)
    return samples


def read(recipe: Recipe, sources: Sources) -> list[Sample]:
    """Return all images of a run, split, labels as the sources gave them; street scenes hold the group ``streets``."""
    return _read(recipe, sources)[0]


def _read(recipe: Recipe, sources: Sources) -> tuple[list[Sample], KeptBack]:
    """Return the images of a run, and what is kept back of its folder without the folder saying so."""
    own = read_folder(sources.data, classes=recipe.classes)
    samples = parted(own, recipe.held, recipe.seed)
    kept_back = KeptBack.between(own, samples)
    if not of_split(samples, "val") or not of_split(samples, "train"):
        message = f"{sources.data}: too few unlike images to keep some back for validation"
        raise DatasetError(message)
    if recipe.topics:
        samples = unanswered(samples, recipe.classes, recipe.topics)
    if sources.objects is not None:
        streets = read_folder(sources.objects, prefix="streets_", labelled=False)
        samples += [replace(item, split="held" if item.split == "val" else item.split) for item in streets]
    for more in sources.also:
        drawn = read_folder(more, classes=recipe.classes)
        samples += [replace(item, split="train", is_drawn=True) for item in drawn]
    return samples, kept_back


def assemble(recipe: Recipe, sources: Sources, limit: int | None = None) -> Corpus:
    """Return the images of a run; ``limit`` keeps about that many of each part, for dry runs."""
    samples, kept_back = _read(recipe, sources)
    check = of_split(samples, "val", "held")
    if limit is not None:
        samples = of_split(samples, "train")[:: max(1, len(of_split(samples, "train")) // limit)]
        check = check[:: max(1, len(check) // limit)]
        samples += check
    samples, leaks = without_leaks(samples)
    notes: dict[str, object] = {"leaks": asdict(leaks)}
    seen = read_sightings(sources.sightings) if sources.sightings else {}
    train, count = repair(of_split(samples, "train"), seen, recipe.repair)
    notes["repair"] = asdict(count)
    streets = [item for item in train if item.group == "streets"]
    if streets:
        kept = without_doubtful(streets, seen)
        train = [item for item in train if item.group != "streets"] + kept
        notes["street_negatives"] = {"used": len(kept), "skipped": len(streets) - len(kept)}
    if recipe.topics:
        known = [recipe.classes.index(name) for name in recipe.repair.known]
        before = _labels(train)
        train = taught(train, seen, known, add=recipe.repair.add, ignore=recipe.repair.ignore)
        notes["taught_boxes"] = _labels(train) - before
    notes |= {"train": len(train), "train_negatives": sum(item.is_negative for item in train), "check": len(check)}
    notes[KEY] = asdict(kept_back)
    return Corpus(train, check, notes)


def _labels(samples: list[Sample]) -> int:
    return sum(int((item.class_id < IGNORED).sum()) for item in samples)
