"""What is kept of a fit: its entry in `vision/confirm/classifier.json`, and to which other weights it is carried."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from models.registry import RegisteredModel
from models.replacement import replacing
from vision.confirm.classifier import WEIGHTS

FROM = "carried_from"
"""Key of an entry that names the weights whose fit judges these too."""


def keep(
    name: str,
    weights_sha256: str,
    fitted: Mapping[str, object] | None,
    *,
    version: str,
    say: Callable[[str], None],
    path: Path = WEIGHTS,
) -> None:
    """
    Keep the document `fitted` for weights, or none where it may not ship.

    Nothing is carried from an earlier fit any more: that it judges other weights well was said of it, not of what comes
    after.
    """
    document = _read(path)
    entries = document["models"]
    earlier = entries.pop(weights_sha256, None)
    if fitted is not None:
        entries[weights_sha256] = {"model": name, **fitted}
    if earlier is None or fitted is None or earlier["version"] != version:
        for sha256 in [key for key, entry in entries.items() if entry.get(FROM) == weights_sha256]:
            del entries[sha256]
            say(f"{name}: belief is no longer carried to weights {sha256[:12]}: score them, then carry it anew")
    _write(document, path)


def carry(
    model: RegisteredModel, path: Path = WEIGHTS, *, source: RegisteredModel | None = None
) -> tuple[str, tuple[str, ...]]:
    """
    Let a fit judge weights that it was not made for; return its version and the SHA-256 of those weights.

    Those are the forms of `model` without a fit of their own; the fit is that of its other form, or of one of `source`,
    a model that it was made to answer like. Whether it may is for whoever asks to have measured: the figures belong
    into a decision. Raises `BenchmarkError` where there is nothing to carry to, or no such fit.
    """
    document = _read(path)
    entries = document["models"]
    own = [form.card.weights_sha256 for form in (source or model).forms]
    origin = next((sha256 for sha256 in own if sha256 in entries and FROM not in entries[sha256]), None)
    if origin is None:
        raise BenchmarkError(f"no belief is fitted for {(source or model).title}")
    shas = [form.card.weights_sha256 for form in model.forms if form.card.weights_sha256 != origin]
    shas = [sha256 for sha256 in shas if sha256 not in entries or FROM in entries[sha256]]
    if not shas:
        raise BenchmarkError(f"each form of {model.title} has a belief of its own: there is nothing to carry it to")
    version = str(entries[origin]["version"])
    entries |= {sha256: {"model": model.card.name, FROM: origin, "version": version} for sha256 in shas}
    _write(document, path)
    return version, tuple(shas)


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"models": {}}
    return content


def _write(document: Mapping[str, Any], path: Path) -> None:
    if document["models"]:
        with replacing(path) as part:
            part.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    else:
        path.unlink(missing_ok=True)
