"""
The promotion gate: no model replaces another that is better anywhere, unless somebody says in writing why it should.

Two results of ``plumewatch bench accuracy`` are laid side by side, of the model that is to come and of the one it
replaces, measured on the same images (decision 0017). A figure is worse when it lies outside the 95 % interval of the
old one, on the bad side. A passed gate, or a written reason, is kept in the registry as a ``[[promotions]]`` table and
in the model card; the registry file is edited as text, so its comments stay.
"""

import hashlib
import json
import re
import shutil
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from models.detector import ModelError
from models.registry import DEFAULT_FILE, RegisteredModel, Registry

FORMAT = "plumewatch.accuracy/1"

SETTINGS = ("threshold", "long_side_px", "nms_iou")
"""What a result must have been measured with as the registry's table has it: another threshold is another model."""

FEWEST = 10
"""Pictures with labels below which the share of them that are noticed refuses nobody, as with average precision."""

CHECKPOINT = "released.pt"
"""In a candidate's folder: what the next version is trained on from."""


class PromotionError(ModelError):
    """The results do not belong to the two models, or were not measured on the same images."""


@dataclass(frozen=True, slots=True)
class Figure:
    """
    One figure of a result with its 95 % interval.

    Attributes:
        value: What was measured, in [0, 1].

        low: Lower end of the interval; 0 with `high` 1 where the images are too few to say anything.

        high: Upper end.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Result:
    """
    What the gate reads of one result file.

    Attributes:
        model: Name and version.

        weights_sha256: Of the weights that were measured.

        settings: What `SETTINGS` were at.

        limit: The most images that were wanted; none for all.

        data_sha256: Of the images they were measured on.

        gains: Figures that should be high, whole and by group: mAP50, and pictures noticed at the threshold.

        harms: Figures that should be low: false alarms, whole and by look-alike.

        sha256: Of the file.
    """

    model: str
    weights_sha256: str
    settings: Mapping[str, float]
    limit: int | None
    data_sha256: str
    gains: Mapping[str, Figure]
    harms: Mapping[str, Figure]
    sha256: str

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the result in `path`; raise `PromotionError` when it is no result with figures by group."""
        content = path.read_bytes()
        try:
            table = json.loads(content)
            if table["format"] != FORMAT:
                message = f"{path}: expected a result of format {FORMAT}, got {table['format']!r}"
                raise PromotionError(message)
            images, model = table["images"], table["model"]
            groups = {"": images} | {f" of {name}": group for name, group in images["groups"].items()}
            kinds = {"": images["false_alarms"]} | {f" on {name}": kind for name, kind in images["look_alikes"].items()}
            gains = {f"mAP50{where}": _figure(group["map50"]) for where, group in groups.items()}
            gains |= {f"noticed{where}": _noticed(group["image_recall"]) for where, group in groups.items()}
            harms = {f"false alarms{where}": _figure(kind) for where, kind in kinds.items()}
            return cls(
                model=f"{model['name']} {model['version']}",
                weights_sha256=model["weights_sha256"],
                settings={key: float(model[key]) for key in SETTINGS},
                limit=images["settings"]["limit"],
                data_sha256=images["data"]["sha256"],
                gains=gains,
                harms=harms,
                sha256=hashlib.sha256(content).hexdigest(),
            )
        except (KeyError, TypeError, ValueError) as error:
            message = f"{path}: not a result of `plumewatch bench accuracy` on labelled pictures: {error!r}"
            raise PromotionError(message) from None


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What the gate says.

    Attributes:
        worse: Figures on which the new model is worse beyond the interval of the old one, as sentences.

        better: Figures on which it is better beyond that interval.

        unsaid: Figures the images are too few for, or that only one of the results has.
    """

    worse: tuple[str, ...]
    better: tuple[str, ...]
    unsaid: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Return whether nothing is worse."""
        return not self.worse


def weigh(new: Result, old: Result) -> Verdict:
    """Return the verdict on `new` replacing `old`; raise `PromotionError` when they were measured on other images."""
    if new.data_sha256 != old.data_sha256:
        message = f"the results were measured on different images: {new.data_sha256[:12]} and {old.data_sha256[:12]}"
        message += ": measure the old model on what the new one's run kept back (bench accuracy --kept-back)"
        raise PromotionError(message)
    worse: list[str] = []
    better: list[str] = []
    unsaid: list[str] = []
    for news, olds, sign in ((new.gains, old.gains, 1), (new.harms, old.harms, -1)):
        unsaid += sorted(set(news) ^ set(olds))
        for name in sorted(set(news) & set(olds)):
            ours, theirs = news[name], olds[name]
            if (theirs.low, theirs.high) == (0.0, 1.0):
                unsaid.append(name)
            elif not theirs.low <= ours.value <= theirs.high:
                line = f"{name}: {ours.value:.3f} against {theirs.value:.3f} ({theirs.low:.3f} to {theirs.high:.3f})"
                (better if (ours.value - theirs.value) * sign > 0 else worse).append(line)
    return Verdict(tuple(worse), tuple(better), tuple(unsaid))


def promote(
    candidate: str, results: Path, against: Path | None, *, reason: str | None = None, registry: Path = DEFAULT_FILE
) -> Verdict:
    """
    Let a candidate replace what it would replace, if the gate lets it; return the verdict.

    `candidate` is a folder written by ``plumewatch models train``: its model is registered, in place of the model of
    that name if there is one, which is retired: table, weights and card are kept. Or it is a registered name: that
    model becomes the default. With something worse and no `reason`, nothing is changed. Raises `PromotionError` or
    `ModelError` when files do not fit.
    """
    known, folder = Registry.load(registry), Path(candidate)
    if folder.is_dir():
        name, table = _candidate(folder, known)
        replaced = known.models.get(name)
    else:
        name, table = known.verify(candidate).card.name, None
        replaced = known.model()
        if name == replaced.card.name:
            message = f"model {name} is the default already"
            raise PromotionError(message)
    new = Result.read(results)
    _belongs(new, results, table if table is not None else _settings(known.model(name)))
    verdict = Verdict((), (), ())
    if replaced is not None:
        if against is None:
            message = f"{name} would replace {replaced.title}: give that one's result as well"
            raise PromotionError(message)
        old = Result.read(against)
        _belongs(old, against, _settings(replaced))
        verdict = weigh(new, old)
    if verdict.worse and not (reason or "").strip():
        return verdict
    text = registry.read_text(encoding="utf-8")
    if table is not None:
        kept = registry.parent / "weights"
        if replaced is not None:
            text = _retired(text, replaced, kept)
        text = _registered(text, name, folder)
        for file in (table["weights"], table["document"], f"{name}.run.json"):
            shutil.copyfile(folder / file, kept / file)
        if (folder / CHECKPOINT).is_file():
            shutil.copyfile(folder / CHECKPOINT, kept / f"{name}.pt")
    else:
        text = re.sub(r"(?m)^default = .*$", f"default = {json.dumps(name)}", text, count=1)
    text = text.rstrip("\n") + "\n\n" + _entry(new, replaced, verdict, reason)
    tomllib.loads(text)
    part = registry.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(registry)
    _note(Registry.load(registry).model(name), new, replaced, verdict, reason)
    return verdict


def _figure(table: Mapping[str, Any]) -> Figure:
    """Return the figure; where nothing was counted, one that says nothing."""
    if table["value"] is None:
        return Figure(0.0, 0.0, 1.0)
    return Figure(float(table["value"]), float(table["low"]), float(table["high"]))


def _noticed(share: Mapping[str, Any]) -> Figure:
    figure = _figure(share)
    return figure if share["count"] >= FEWEST else Figure(figure.value, 0.0, 1.0)


def _settings(model: RegisteredModel) -> dict[str, Any]:
    """Return what a registry table says of the weights and of `SETTINGS`."""
    card = model.card
    return {
        "sha256": card.weights_sha256,
        "threshold": card.threshold,
        "long_side_px": max(card.input_wh),
        "nms_iou": model.nms_iou,
    }


def _belongs(result: Result, path: Path, table: Mapping[str, Any]) -> None:
    """Raise `PromotionError` where the result is not of these weights, at these settings, on all of the images."""
    sha256 = table["sha256"]
    if result.weights_sha256 != sha256:
        message = f"{path} measured weights {result.weights_sha256[:12]} ({result.model}), not {sha256[:12]}"
        raise PromotionError(message)
    for key in SETTINGS:
        if result.settings[key] != table[key]:
            message = f"{path} was measured with {key} {result.settings[key]:g}, the model has {table[key]:g}"
            raise PromotionError(message)
    if result.limit is not None:
        message = f"{path} was measured on at most {result.limit} images: measure it without --limit"
        raise PromotionError(message)


def _candidate(folder: Path, known: Registry) -> tuple[str, dict[str, Any]]:
    """Return name and registry table of a candidate whose weights are the ones its table names; new to `known`."""
    path = folder / "candidate.toml"
    try:
        ((name, table),) = tomllib.loads(path.read_text(encoding="utf-8"))["models"].items()
        weights, sha256 = folder / table["weights"], table["sha256"]
    except (OSError, KeyError, ValueError, tomllib.TOMLDecodeError) as error:
        message = f"{folder}: not a candidate of `plumewatch models train`: {error}"
        raise PromotionError(message) from None
    if hashlib.sha256(weights.read_bytes()).hexdigest() != sha256:
        message = f"{weights}: not the weights that {path} names"
        raise PromotionError(message)
    title = f"{name} {table['version']}"
    if title in {model.title for model in (*known.models.values(), *known.retired)}:
        message = f"there is or was a {title}, which evidence may name: train with another --release"
        raise PromotionError(message)
    return name, table


def _table_of(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?ms)^\[models\.{re.escape(name)}\]\n.*?(?=^\[|^#|\Z)")


def _registered(text: str, name: str, folder: Path) -> str:
    """Return the registry with the candidate's table in place of the old one of that name, or after the last model."""
    fresh = (folder / "candidate.toml").read_text(encoding="utf-8").strip() + "\n"
    old = _table_of(name)
    if old.search(text):
        return old.sub(lambda _: fresh + "\n", text, count=1)
    return _after_the_models(text, fresh)


def _retired(text: str, model: RegisteredModel, kept: Path) -> str:
    """Return the registry with the table of `model` among the retired ones too; copy its weights and card to them."""
    found = _table_of(model.card.name).search(text)
    if found is None:
        message = f"the registry has no table [models.{model.card.name}] of its own: write it so, or retire it by hand"
        raise PromotionError(message)
    table = (
        found.group().strip().replace(f"[models.{model.card.name}]", f"[[retired]]\nname = {_quoted(model.card.name)}")
    )
    stem = f"retired/{model.card.name}-{model.card.version}"
    (kept / "retired").mkdir(exist_ok=True)
    for key, file in (("weights", model.weights), ("document", model.document)):
        place = f"{stem}{file.suffix}"
        shutil.copyfile(file, kept / place)
        table = re.sub(rf"(?m)^{key} = .*$", f"{key} = {_quoted(place)}", table)
    return _after_the_models(text, table + "\n")


def _after_the_models(text: str, table: str) -> str:
    first = re.search(r"(?m)^\[\[", text)
    at = first.start() if first else len(text)
    return (text[:at].rstrip("\n") + "\n\n" + table + "\n" + text[at:]).rstrip("\n") + "\n"


def _quoted(value: str | Sequence[str]) -> str:
    return json.dumps(value, ensure_ascii=False)


def _entry(new: Result, replaced: RegisteredModel | None, verdict: Verdict, reason: str | None) -> str:
    values: dict[str, str | Sequence[str]] = {
        "model": new.model,
        "replaced": replaced.title if replaced else "",
        "results_sha256": new.sha256,
        "data_sha256": new.data_sha256,
        "worse": list(verdict.worse),
        "reason": (reason or "").strip() if verdict.worse else "",
    }
    return "[[promotions]]\n" + "".join(f"{key} = {_quoted(value)}\n" for key, value in values.items())


def _note(
    model: RegisteredModel, new: Result, replaced: RegisteredModel | None, verdict: Verdict, reason: str | None
) -> None:
    """Add the promotion to the model card."""
    lines = ["", "## Promotion", ""]
    if replaced is None:
        lines.append(f"Registered with result {new.sha256[:12]}; it replaces nothing.")
    else:
        lines.append(f"Replaces {replaced.title}; result {new.sha256[:12]} on images {new.data_sha256[:12]}.")
    lines += [f"* Better: {line}" for line in verdict.better]
    lines += [f"* Worse: {line}" for line in verdict.worse]
    if verdict.unsaid:
        lines.append(f"* Nothing can be said of: {', '.join(verdict.unsaid)}.")
    if verdict.worse:
        lines += ["", f"Promoted all the same, because: {(reason or '').strip()}"]
    with model.document.open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
