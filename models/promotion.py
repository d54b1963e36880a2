"""
The promotion gate: no model replaces another that is better anywhere, unless somebody gives a written reason.

Results of the model that is to come, one of each form it comes in, are weighed against that of the model it replaces
(`models.gate`). A passed gate, or a written reason, is kept in the registry as a ``[[promotions]]`` table and in the
model card; the registry file is edited as text, so its comments stay.
"""

import hashlib
import re
import shutil
import tomllib
from collections.abc import Sequence
from pathlib import Path

from models.detector import ModelError
from models.gate import SETTINGS, PromotionError, Result, Verdict, weigh
from models.registry import DEFAULT_FILE, RegisteredModel, Registry, read_model
from models.registry_text import quoted, with_retired, with_table
from models.replacement import replacing

CHECKPOINT = "released.pt"
"""In a candidate's folder: what the next version is trained on from."""

_RELATIVE = re.compile(r"\]\(<?(?![A-Za-z][A-Za-z0-9+.-]*:|#|/)")
"""The start of a Markdown link relative to the document's folder."""


def promote(
    candidate: str,
    results: Sequence[Path],
    against: Path | None,
    *,
    reason: str | None = None,
    registry: Path = DEFAULT_FILE,
) -> Verdict:
    """
    Let a candidate replace what it would replace, if the gate lets it; return the verdict.

    `candidate` is a folder written by ``plumewatch models train``: its model is registered, in place of the model of
    that name if there is one, which is retired: table, weights and card are kept. Or it is a registered name: that
    model becomes the default. `results` has one of each form of the candidate, in any order; `against` is of the first
    form of what it replaces, the ONNX file where there is one, and each is weighed against it. With something worse and
    no `reason`, nothing is changed. Raises `PromotionError` or `ModelError` when files do not fit.
    """
    known, folder = Registry.load(registry), Path(candidate)
    if folder.is_dir():
        new = _candidate(folder, known)
        replaced = known.models.get(new.card.name)
    else:
        new, replaced = known.verify(candidate), known.model()
        if new.card.name == replaced.card.name:
            message = f"model {new.card.name} is the default already"
            raise PromotionError(message)
    measured = _of_each_form(new, results)
    verdict = Verdict((), (), ())
    if replaced is not None:
        if against is None:
            message = f"{new.card.name} would replace {replaced.title}: give that one's result as well"
            raise PromotionError(message)
        old = Result.read(against)
        _belongs(old, against, replaced.forms[0])
        verdict = _together(new, [weigh(one, old) for one in measured])
    if verdict.worse and not (reason or "").strip():
        return verdict
    text = registry.read_text(encoding="utf-8")
    if folder.is_dir():
        text = _installed(text, new, replaced, folder, registry.parent / "weights")
    else:
        text = re.sub(r"(?m)^default = .*$", f"default = {quoted(new.card.name)}", text, count=1)
    text = text.rstrip("\n") + "\n\n" + _entry(new, measured, replaced, verdict, reason)
    tomllib.loads(text)
    with replacing(registry) as part:
        part.write_text(text, encoding="utf-8")
    _note(Registry.load(registry).model(new.card.name), measured, replaced, verdict, reason)
    return verdict


def _of_each_form(model: RegisteredModel, results: Sequence[Path]) -> list[Result]:
    """Return the result of each form of `model`, in order; raise `PromotionError` for one missing, or one too many."""
    read = {path: Result.read(path) for path in results}
    found: list[Result] = []
    for form in model.forms:
        fitting = [path for path, one in read.items() if one.weights_sha256 == form.card.weights_sha256]
        if fitting:
            _belongs(read[fitting[0]], fitting[0], form)
            found.append(read.pop(fitting[0]))
        elif len(model.forms) > 1:
            message = f"{model.title} comes in {len(model.forms)} forms, and no result is of {form.weights.name} "
            message += f"({form.card.weights_format}, {form.card.weights_sha256[:12]}): measure it by bench accuracy"
            raise PromotionError(f"{message} --runtime {'openvino-int8' if form.is_int8 else 'onnxruntime'}")
    for path, one in read.items():
        _belongs(one, path, model.forms[0])
        message = f"{path} is a second result of {one.model}: give one of each form"
        raise PromotionError(message)
    if not found:
        message = f"{model.title}: give a result"
        raise PromotionError(message)
    return found


def _belongs(result: Result, path: Path, model: RegisteredModel) -> None:
    """Raise `PromotionError` where the result is not of these weights, at these settings, on all of the images."""
    card = model.card
    if result.weights_sha256 != card.weights_sha256:
        message = f"{path} measured weights {result.weights_sha256[:12]} ({result.model}), "
        message += f"not {card.weights_sha256[:12]}"
        raise PromotionError(message)
    settings = (card.threshold, max(card.input_wh), model.nms_iou)
    for key, value in zip(SETTINGS, settings, strict=True):
        if result.settings[key] != value:
            message = f"{path} was measured with {key} {result.settings[key]:g}, the model has {value:g}"
            raise PromotionError(message)
    if result.limit is not None:
        message = f"{path} was measured on at most {result.limit} images: measure it without --limit"
        raise PromotionError(message)


def _together(model: RegisteredModel, verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict on all forms; where there are two, each line names its form."""
    if len(verdicts) == 1:
        return verdicts[0]
    named = [(form.card.weights_format, each) for form, each in zip(model.forms, verdicts, strict=True)]
    return Verdict(
        worse=tuple(f"{form}: {line}" for form, each in named for line in each.worse),
        better=tuple(f"{form}: {line}" for form, each in named for line in each.better),
        unsaid=tuple(f"{form}: {line}" for form, each in named for line in each.unsaid),
    )


def _candidate(folder: Path, known: Registry) -> RegisteredModel:
    """Return the model of a candidate's folder whose files are the ones its table names; new to `known`."""
    path = folder / "candidate.toml"
    try:
        ((name, table),) = tomllib.loads(path.read_text(encoding="utf-8"))["models"].items()
        model = read_model(name, table, folder)
    except (OSError, KeyError, ValueError, tomllib.TOMLDecodeError, ModelError) as error:
        message = f"{folder}: not a candidate of `plumewatch models train`: {error}"
        raise PromotionError(message) from None
    for form in model.forms:
        if hashlib.sha256(form.weights.read_bytes()).hexdigest() != form.card.weights_sha256:
            message = f"{form.weights}: not the weights that {path} names"
            raise PromotionError(message)
    if model.title in {other.title for other in (*known.models.values(), *known.retired)}:
        message = f"there is or was a {model.title}, which evidence may name: train with another --release"
        raise PromotionError(message)
    return model


def _installed(text: str, new: RegisteredModel, replaced: RegisteredModel | None, folder: Path, kept: Path) -> str:
    """Return the registry with the candidate in place of what it replaces, which is retired; copy the files of both."""
    name = new.card.name
    if replaced is not None:
        text = _retired(text, replaced, kept)
    text = with_table(text, name, (folder / "candidate.toml").read_text(encoding="utf-8"))
    for file in (*(form.weights for form in new.forms), new.document, folder / f"{name}.run.json"):
        shutil.copyfile(file, kept / file.relative_to(folder))
    if replaced is not None and replaced.int8 is not None:
        coming = {kept / form.weights.relative_to(folder) for form in new.forms}
        if replaced.int8.path not in coming:
            replaced.int8.path.unlink(missing_ok=True)  # its copy is among the retired; here it would be installed
    if (folder / CHECKPOINT).is_file():
        shutil.copyfile(folder / CHECKPOINT, kept / f"{name}.pt")
    return text


def _retired(text: str, model: RegisteredModel, kept: Path) -> str:
    """Return the registry with the table of `model` among the retired ones too; copy its files and card to them."""
    stem = f"retired/{model.card.name}-{model.card.version}"
    (kept / "retired").mkdir(exist_ok=True)
    places: list[dict[str, str]] = []
    for form in model.forms:
        places.append({"weights": f"{stem}{form.weights.suffix}"})
        shutil.copyfile(form.weights, kept / places[-1]["weights"])
    places[0]["document"] = f"{stem}{model.document.suffix}"
    card = model.document.read_text(encoding="utf-8")
    moved = _RELATIVE.sub(lambda start: start[0] + "../", card)  # the card moves one folder down
    (kept / places[0]["document"]).write_text(moved, encoding="utf-8")
    return with_retired(text, model.card.name, places)


def _entry(
    new: RegisteredModel,
    measured: Sequence[Result],
    replaced: RegisteredModel | None,
    verdict: Verdict,
    reason: str | None,
) -> str:
    values: dict[str, str | Sequence[str]] = {
        "model": new.title,
        "replaced": replaced.title if replaced else "",
        "results_sha256": measured[0].sha256,
    }
    if len(measured) > 1:
        values["int8_results_sha256"] = measured[1].sha256
    values |= {
        "data_sha256": measured[0].data_sha256,
        "worse": list(verdict.worse),
        "reason": (reason or "").strip() if verdict.worse else "",
    }
    return "[[promotions]]\n" + "".join(f"{key} = {quoted(value)}\n" for key, value in values.items())


def _note(
    model: RegisteredModel,
    measured: Sequence[Result],
    replaced: RegisteredModel | None,
    verdict: Verdict,
    reason: str | None,
) -> None:
    """Add the promotion to the model card."""
    results = " and ".join(one.sha256[:12] for one in measured)
    many = "results" if len(measured) > 1 else "result"
    lines = ["", "## Promotion", ""]
    if replaced is None:
        lines.append(f"Registered with {many} {results}; it replaces nothing.")
    else:
        lines.append(f"Replaces {replaced.title}; {many} {results} on images {measured[0].data_sha256[:12]}.")
    lines += [f"* Better: {line}" for line in verdict.better]
    lines += [f"* Worse: {line}" for line in verdict.worse]
    if verdict.unsaid:
        lines.append(f"* Nothing can be said of: {', '.join(verdict.unsaid)}.")
    if verdict.worse:
        lines += ["", f"Promoted all the same, because: {(reason or '').strip()}"]
    with model.document.open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
