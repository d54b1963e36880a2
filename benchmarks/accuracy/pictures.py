"""
The labelled pictures that accuracy is measured on: from the tars as they are, or from a YOLO folder.

What is read from tars is unpacked into a temporary folder for the run: the validation split, and the training pictures
of the group that is held out by camera.
"""

import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.accuracy.result import Portion
from benchmarks.errors import BenchmarkError
from models.training.pictures.dataset import (
    CLASS_NAMES,
    DESCRIPTION,
    DatasetError,
    Sample,
    fingerprint,
    of_split,
    read_folder,
    split_of,
)
from models.training.pictures.kept import KeptBack
from models.training.pictures.splits import hold_out

HELD_GROUP = "distant"
HELD_SHARE = 0.15
HELD_SEED = 7
"""As the recipes hold it out of training: whole look-alike clusters of distant smoke (models/training/recipe.py)."""

_NONE = {
    Portion.VALIDATION: "no validation pictures (val/images)",
    Portion.KEPT_BACK: "none of its pictures is one that the run kept back; --unseen where it learned from none",
    Portion.ALL: "no pictures",
}

MAX_GROUPS = 60
"""With more, names are no groups: a folder of numbered pictures would make each a group of its own."""


@dataclass(frozen=True, slots=True)
class PictureSet:
    """
    Labelled pictures, read when they are looked at; valid while the folder that they came from is.

    Attributes:
        samples: validation pictures (split ``val``) and those held out beside them (``held``), by split and name.

        streets: how many of the held ones are street scenes, all taken as negatives.

        sha256: over names, labels and bytes.

        limit: the most that were wanted; ``None`` for all.

        portion: which part of the folder they are.
    """

    samples: tuple[Sample, ...]
    streets: int
    sha256: str
    limit: int | None
    portion: Portion


@contextmanager
def labelled_pictures(
    data: Path,
    *,
    streets: Path | None = None,
    limit: int | None = None,
    kept_back: KeptBack | None = None,
    unseen: bool = False,
) -> Iterator[PictureSet]:
    """
    Yield the pictures under `data`, a folder of tars or any that `read_folder` reads, that no training learned from.

    That is its validation part; without one what a run kept back of it (`kept_back`), and all of it where that says
    nothing or where `unseen`. Beside it stand those that the run held out, or that the shipped recipes do.

    `streets` is a folder of the same kind for another topic whose validation pictures hold neither smoke nor fire.
    With `limit` every n-th picture is taken, so that all groups stay. Raises `BenchmarkError`, `DatasetError`.
    """
    if limit is not None and limit < 1:
        raise BenchmarkError(f"the limit must be at least 1, got {limit}")
    with tempfile.TemporaryDirectory(prefix="plumewatch-bench-") as folder:
        try:
            samples, portion = _parted(_read(data, Path(folder) / "data", kept_back, unseen=unseen), kept_back, unseen)
            chosen = of_split(samples, "val", "held")
            if not of_split(samples, "val"):
                raise BenchmarkError(f"{data}: {_NONE[portion]}")
            beside = [] if streets is None else _read(streets, Path(folder) / "streets", labelled=False)
        except DatasetError as error:
            raise BenchmarkError(_told(error, folder, data, streets)) from error
        shown = of_split(beside, "val", "")
        if streets is not None and not shown:
            raise BenchmarkError(f"{streets}: {_NONE[Portion.VALIDATION]}")
        chosen += [replace(item, split="held") for item in shown]
        chosen = chosen if limit is None else _every_nth(chosen, limit)
        chosen = sorted(_grouped(chosen), key=lambda item: (item.split != "val", item.name))
        count = sum(item.name.startswith("streets_") for item in chosen)
        yield PictureSet(tuple(chosen), count, fingerprint(chosen), limit, portion)


def group_name(sample: Sample) -> str:
    """Return the group of a picture as it stands in results: ``distant_held`` is not ``distant``."""
    return sample.group + ("_held" if sample.split == "held" else "")


def _told(error: DatasetError, folder: str, data: Path, streets: Path | None) -> str:
    """Return the fault with the user's folder for ours."""
    told = str(error)
    for ours, theirs in ((f"{folder}/data", data), (f"{folder}/streets", streets)):
        told = told.replace(f"{ours}/", f"{theirs}: ").replace(ours, str(theirs))
    return told


def _parted(samples: list[Sample], kept_back: KeptBack | None, unseen: bool) -> tuple[list[Sample], Portion]:
    """Return the samples with what is to be measured as ``val`` and ``held``, and which part of the folder that is."""
    if unseen:
        return [replace(item, split="val") for item in samples], Portion.ALL
    has_split = bool(of_split(samples, "val"))
    if kept_back is not None and (has_split or kept_back.val):
        return kept_back.marked(samples), Portion.VALIDATION if has_split else Portion.KEPT_BACK
    portion = Portion.ALL if of_split(samples, "") else Portion.VALIDATION
    samples = [replace(item, split=item.split or "val") for item in samples]
    return hold_out(samples, HELD_GROUP, share=HELD_SHARE, seed=HELD_SEED), portion


def _read(
    data: Path, folder: Path, kept_back: KeptBack | None = None, *, unseen: bool = False, labelled: bool = True
) -> list[Sample]:
    """Return the samples of `data`; tars are unpacked into `folder` first."""
    if not data.is_dir():
        raise BenchmarkError(f"{data}: no such folder")
    tars = sorted(data.glob("*.tar"))
    for tar in tars:
        _unpack(tar, folder, {*kept_back.val, *kept_back.held} if kept_back else set(), everything=unseen)
    if tars and (data / DESCRIPTION).is_file():
        shutil.copyfile(data / DESCRIPTION, folder / DESCRIPTION)
    root, classes = folder if tars else data, CLASS_NAMES if labelled else None
    return read_folder(root, prefix="" if labelled else "streets_", labelled=labelled, classes=classes)


def _unpack(tar: Path, folder: Path, names: AbstractSet[str], *, everything: bool) -> None:
    """Unpack the validation part, what may be held out of the rest, and pictures of these names; or everything."""
    try:
        with tarfile.open(tar) as archive:
            wanted = [
                member
                for member in archive
                if member.isfile()
                and (
                    everything
                    or split_of(member.name) in {"val", ""}
                    or f"/{HELD_GROUP}_" in member.name
                    or Path(member.name).stem in names
                    or Path(member.name).name == DESCRIPTION
                )
            ]
            archive.extractall(folder, members=wanted, filter="data")
    except (OSError, tarfile.TarError) as error:
        raise BenchmarkError(f"{tar}: cannot be read as a tar") from error


def _every_nth(samples: Sequence[Sample], limit: int) -> list[Sample]:
    ordered = sorted(samples, key=lambda item: (item.split != "val", item.name))
    step = max(1, -(-len(ordered) // limit))
    return ordered[::step]


def _grouped(samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples, renamed into one group where their names tell none."""
    if len({item.group for item in samples}) <= MAX_GROUPS:
        return list(samples)
    return [replace(item, name=f"pictures_{item.name}") for item in samples]
