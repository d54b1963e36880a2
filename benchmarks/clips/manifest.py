"""
Manifests: a ``manifest.csv`` beside clips, written by whoever collected them, read as what happens in them.

Columns: ``file``; ``source_repo`` or ``source`` (owner/name); ``seconds``; ``shows`` (none, fire, smoke, steam, joined
by ``;``); ``event_start_s`` (``0``, ``~4``, ``unknown`` or empty); ``camera`` (``static ...`` or ``moving ...``);
``remark``. Needed are ``file``, ``shows`` and, where something burns, ``seconds``. A line whose ``shows`` is prose says
nothing that can be read.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import BenchmarkError

MANIFEST_FILE = "manifest.csv"

_SHOWS = frozenset({"none", "fire", "smoke", "steam"})
_UNDECIDED = re.compile(r"ambiguous|undecidable|not decidable")
_CAMERAS = (("static", "fixed"), ("moving", "moving"))

_LOOKALIKES = (
    ("tornado", r"tornado|funnel"),
    ("dust", r"dust"),
    ("fog and mist", r"fog|mist|haz[ey]"),
    ("lamps and moon", r"lamps?\b|street ?lights?\b|moon"),
    ("rain and snow", r"rain|snow|sleet|hail"),
    ("sunset", r"sunset|sunrise"),
    ("clouds", r"cloud|cumulus"),
    (
        "people and vehicles",
        r"people|persons?\b|pedestrian|walk|workers?\b|traffic|cars?\b|vehicle|bus(es)?\b|lorr|truck|motor|fork-?lift",
    ),
)
"""Kinds of look-alike in the order in which they count, and how words of them begin."""


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """
    What a line says of a clip.

    Attributes:
        classes: of the leads that tell of what burns from `start_s` to `end_s`; empty where nothing does.

        source: the owner of the repository it is from.

        camera: ``fixed``, ``moving``, or empty where the line does not tell.

        lookalike: kind of what it shows instead; empty where something burns.

        is_unclear: people may disagree.
    """

    classes: tuple[str, ...]
    start_s: float
    end_s: float
    source: str
    camera: str
    lookalike: str
    is_unclear: bool


def read_manifest(path: Path) -> Mapping[str, ManifestRow]:
    """Return what the lines of a manifest say, by file; nothing where it is absent. Raise `BenchmarkError`."""
    if not path.is_file():
        return {}
    rows = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, line in enumerate(csv.DictReader(file), start=2):
            try:
                row = _row({name: (text or "").strip() for name, text in line.items() if isinstance(name, str)})
                if row is not None:
                    rows[line["file"]] = row
            except (KeyError, ValueError) as error:
                raise BenchmarkError(f"{path}, line {number}: expected file, shows and seconds ({error})") from error
    return rows


def _row(line: Mapping[str, str]) -> ManifestRow | None:
    shows = {word.strip() for word in line["shows"].lower().split(";")}
    if not shows <= _SHOWS:
        return None
    words = line.get("remark", "").lower()
    classes = ("fire", "smoke") if "fire" in shows else ("smoke",) if "smoke" in shows else ()
    begins = line.get("event_start_s", "").lstrip("~")
    start_s = float(begins) if classes and begins not in {"", "unknown"} else 0.0
    end_s = float(line["seconds"]) if classes else 0.0
    if classes and not 0 <= start_s < end_s:
        raise ValueError("an event must end after it starts")
    return ManifestRow(
        classes=classes,
        start_s=start_s,
        end_s=end_s,
        source=(line.get("source_repo") or line.get("source", "")).partition("/")[0],
        camera=next((kind for begin, kind in _CAMERAS if line.get("camera", "").lower().startswith(begin)), ""),
        lookalike="" if classes else "steam" if "steam" in shows else _lookalike(words),
        is_unclear="steam" in shows or bool(_UNDECIDED.search(words)),
    )


def _lookalike(words: str) -> str:
    return next((kind for kind, begins in _LOOKALIKES if re.search(rf"\b(?:{begins})", words)), "other")
