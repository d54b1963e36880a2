"""Pictures that a run kept back from learning, by name: it is measured on them, and their folder does not mark them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from models.training.pictures.dataset import DatasetError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from models.training.pictures.dataset import Sample

KEY = "kept_back"
"""Where a run record has it, under ``data``. Records from before 27 November 2026 have none."""


@dataclass(frozen=True, slots=True)
class KeptBack:
    """
    Pictures of a run's folder that the folder itself does not keep apart.

    Attributes:
        val: Names of those that became its validation part, where the folder has none.

        held: Names of those held out of its training part beside it.
    """

    val: tuple[str, ...] = ()
    held: tuple[str, ...] = ()

    @classmethod
    def between(cls, before: Sequence[Sample], after: Sequence[Sample]) -> Self:
        """Return the samples whose split in ``after`` differs from the folder's own in ``before``."""
        moved = [(now.name, now.split) for was, now in zip(before, after, strict=True) if was.split != now.split]
        val, held = (tuple(sorted(name for name, split in moved if split == wanted)) for wanted in ("val", "held"))
        return cls(val, held)

    @classmethod
    def read(cls, record: Path) -> Self | None:
        """Return what a run record names, or none where it is too old to; raise DatasetError."""
        try:
            data = json.loads(record.read_text(encoding="utf-8"))["data"]
            return cls(tuple(data[KEY]["val"]), tuple(data[KEY]["held"])) if KEY in data else None
        except OSError as error:
            raise DatasetError(f"{record}: {error.strerror}") from error
        except (KeyError, TypeError, ValueError) as error:
            raise DatasetError(f"{record}: not the record of a run") from error

    def marked(self, samples: Sequence[Sample]) -> list[Sample]:
        """Return the samples, parted as the run parted them; a validation part of the folder's own stays as it is."""
        own = any(item.split == "val" for item in samples)
        splits = dict.fromkeys(self.held, "held") | ({} if own else dict.fromkeys(self.val, "val"))
        return [
            item if item.split == "val" else replace(item, split=splits.get(item.name, "train")) for item in samples
        ]
