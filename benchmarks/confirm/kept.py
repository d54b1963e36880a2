"""What is kept of a fit: its entry in `vision/belief.json`, those of before, to which other weights it is carried."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError
from models.registry import RegisteredModel
from vision.belief import WEIGHTS

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

    An earlier fit is only kept to judge again by what leads were once confirmed with. Nothing is carried from it any
    more: that it judges other weights well was said of it, not of what comes after.
    """
    document = _read(path)
    entries = document["models"]
    earlier = entries.pop(weights_sha256, None)
    if earlier is not None and FROM not in earlier and earlier["version"] != version:
        document.setdefault("former", {})[earlier["version"]] = earlier
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

    That is the INT8 form of `model`, by the fit for its ONNX file; or each of its forms, by the fit for the ONNX file
    of `source`, a model that it was made to answer like. Whether it may is for whoever asks to have measured: the
    figures belong into a decision. Raises `BenchmarkError` where there is nothing to carry to, no such fit, or a fit of
    the form's own.
    """
    source = source or model
    origin = source.card.weights_sha256
    forms = [form for form in model.forms if form.card.weights_sha256 != origin]
    if not forms:
        raise BenchmarkError(f"{model.title} comes in one form: there is nothing to carry belief to")
    document = _read(path)
    entries = document["models"]
    if origin not in entries or FROM in entries[origin]:
        raise BenchmarkError(f"no belief is fitted for the ONNX file of {source.title} ({origin[:12]})")
    version = str(entries[origin]["version"])
    for form in forms:
        known = entries.get(form.card.weights_sha256, {FROM: ""})
        if FROM not in known:
            kind = "INT8 form" if form.is_int8 else "ONNX file"
            raise BenchmarkError(f"the {kind} of {model.title} has a belief of its own, {known['version']}")
    carried = {"model": model.card.name, FROM: origin, "version": version}
    entries |= {form.card.weights_sha256: dict(carried) for form in forms}
    _write(document, path)
    return version, tuple(form.card.weights_sha256 for form in forms)


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"models": {}}
    return content


def _write(document: Mapping[str, Any], path: Path) -> None:
    if document["models"] or document.get("former"):
        part = path.with_suffix(".part")
        part.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        part.replace(path)
    else:
        path.unlink(missing_ok=True)
