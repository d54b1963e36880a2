"""
The labelled pictures that accuracy is measured on: from the tars as they are, or from a YOLO folder.

What is read from tars is unpacked into a temporary folder for the run: the validation split, and the training pictures
of the group that is held out by camera.
"""

import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.errors import BenchmarkError
from models.training.dataset import CLASS_NAMES, DatasetError, Sample, fingerprint, of_split, read_folder
from models.training.splits import hold_out

HELD_GROUP = "distant"
HELD_SHARE = 0.15
HELD_SEED = 7
"""As the recipes hold it out of training: whole look-alike clusters of distant smoke (models/training/recipe.py)."""

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
    """

    samples: tuple[Sample, ...]
    streets: int
    sha256: str
    limit: int | None


@contextmanager
def labelled_pictures(data: Path, *, streets: Path | None = None, limit: int | None = None) -> Iterator[PictureSet]:
    """
    Yield the pictures under `data`: a folder of tars, or any that `read_folder` reads; without a split all of it.

    `streets` is a folder of the same kind for another topic whose validation pictures hold neither smoke nor fire.
    With `limit` every n-th picture is taken, so that all groups stay. Raises `BenchmarkError`.
    """
    if limit is not None and limit < 1:
        raise BenchmarkError(f"the limit must be at least 1, got {limit}")
    with tempfile.TemporaryDirectory(prefix="plumewatch-bench-") as folder:
        try:
            samples = hold_out(_read(data, Path(folder) / "data"), HELD_GROUP, share=HELD_SHARE, seed=HELD_SEED)
            chosen = of_split(samples, "val", "held")
            if not chosen:
                raise BenchmarkError(f"{data}: no validation pictures (val/images)")
            beside = [] if streets is None else _read(streets, Path(folder) / "streets", labelled=False)
        except DatasetError as error:
            raise BenchmarkError(_told(error, folder, data, streets)) from error
        chosen += [replace(item, split="held") for item in of_split(beside, "val")]
        chosen = chosen if limit is None else _every_nth(chosen, limit)
        chosen = sorted(_grouped(chosen), key=lambda item: (item.split != "val", item.name))
        count = sum(item.name.startswith("streets_") for item in chosen)
        yield PictureSet(tuple(chosen), count, fingerprint(chosen), limit)


def group_name(sample: Sample) -> str:
    """Return the group of a picture as it stands in results: ``distant_held`` is not ``distant``."""
    return sample.group + ("_held" if sample.split == "held" else "")


def _told(error: DatasetError, folder: str, data: Path, streets: Path | None) -> str:
    """Return the fault with the user's folder for ours."""
    return str(error).replace(f"{folder}/data/", f"{data}: ").replace(f"{folder}/streets/", f"{streets}: ")


def _read(data: Path, folder: Path, *, labelled: bool = True) -> list[Sample]:
    """Return the samples of `data`; tars are unpacked into `folder` first."""
    if not data.is_dir():
        raise BenchmarkError(f"{data}: no such folder")
    tars = sorted(data.glob("*.tar"))
    for tar in tars:
        _unpack(tar, folder)
    root, classes = folder if tars else data, len(CLASS_NAMES) if labelled else None
    found = read_folder(root, prefix="" if labelled else "streets_", labelled=labelled, classes=classes)
    return [replace(item, split=item.split or "val") for item in found]


def _unpack(tar: Path, folder: Path) -> None:
    try:
        with tarfile.open(tar) as archive:
            wanted = [
                member
                for member in archive
                if member.isfile() and (member.name.startswith("val/") or f"/{HELD_GROUP}_" in member.name)
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
