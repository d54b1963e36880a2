"""
From a recipe and a folder of images to a model that can be released: what ``plumewatch models train`` does.

``OUT/NAME/`` ends up with the checkpoint ``released.pt``, the weights ``NAME.onnx``, the run record ``NAME.run.json``,
a draft of the model card ``NAME.md`` and ``candidate.toml``, the table that ``plumewatch models promote`` registers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.registry import Registry
from models.training.pictures.corpus import read, unpack
from models.training.pictures.dataset import of_split
from models.training.pictures.sight import write_sightings
from models.training.recipe import Recipe, RecipeError
from models.training.train import RunOptions, run_recipe
from models.yolo import Exported, export_onnx

if TYPE_CHECKING:
    from models.training.pictures.dataset import Sample

RECIPES = Path(__file__).with_name("recipes")
LICENCE = "AGPL-3.0-or-later"
NMS_IOU = 0.45


@dataclass(frozen=True, slots=True)
class Candidate:
    """
    A model that has been trained and measured, not yet registered.

    Attributes:
        folder: Everything about it.

        weights: The ONNX file.

        threshold: Chosen on the validation images.

        map50: On the validation images.

        false_positive_rate: Share of validation negatives with a detection at the threshold; none without negatives.
    """

    folder: Path
    weights: Path
    threshold: float
    map50: float
    false_positive_rate: float | None


def find_recipe(name: str) -> Path:
    """Return the recipe file of that path, or the shipped recipe of that name; raise RecipeError."""
    for path in (Path(name), RECIPES / f"{name}.toml"):
        if path.is_file():
            return path
    shipped = ", ".join(sorted(path.stem for path in RECIPES.glob("*.toml")))
    message = f"there is no recipe {name!r}: give a file or one of {shipped}"
    raise RecipeError(message)


def make(recipe: Recipe, options: RunOptions, *, version: str | None = None) -> Candidate:
    """
    Assemble, repair, train, evaluate, choose the threshold, export, and write record, card and registry table.

    Without a `version` it is the one after the registered model's of that name.
    """
    if recipe.initial != "random" and options.initial is None and not options.resume:
        message = f"recipe {recipe.name} starts from other weights (initial = {recipe.initial!r}): name them"
        raise RecipeError(message)
    folder = options.out / recipe.name
    folder.mkdir(parents=True, exist_ok=True)
    sources = replace(options.sources, data=unpack(options.sources.data, folder / "data"))
    if sources.objects is not None:
        sources = replace(sources, objects=unpack(sources.objects, folder / "objects"))
    teacher = options.teacher or (options.initial if recipe.initial in {"load", "slim"} else None)
    if sources.sightings is None and teacher is not None and not recipe.topics:
        asked = [item for item in of_split(read(recipe, sources), "train") if _is_doubtful(item, recipe)]
        if asked:
            sightings = folder / "sightings.jsonl"
            write_sightings(teacher, asked[: options.limit], sightings)
            sources = replace(sources, sightings=sightings)
    run_recipe(recipe, replace(options, sources=sources))
    return publish(recipe, folder, version=version)


def publish(recipe: Recipe, folder: Path, *, version: str | None = None) -> Candidate:
    """Export ``released.pt`` of a finished run's folder, and write card and registry table from its ``run.json``."""
    version = version or Registry.load().next_version(recipe.name)
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    exported = export_onnx(folder / "released.pt", folder / f"{recipe.name}.onnx")
    (folder / f"{recipe.name}.run.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    (folder / "candidate.toml").write_text(_table(recipe, record, exported, version), encoding="utf-8")
    (folder / f"{recipe.name}.md").write_text(_card(recipe, record, exported, version), encoding="utf-8")
    figures = record["figures"]
    alarms = figures["false_alarms"]
    return Candidate(
        folder=folder,
        weights=exported.path,
        threshold=figures["threshold"],
        map50=figures["val"]["map50"],
        false_positive_rate=alarms["rate"] if alarms["images"] else None,
    )


def _is_doubtful(item: Sample, recipe: Recipe) -> bool:
    """Return whether a teacher is asked about the image: partly labelled sources, and street scenes as negatives."""
    return item.group in recipe.repair.groups or item.group == "streets"


def _made(recipe: Recipe, record: dict[str, Any]) -> str:
    return (
        f"{recipe.architecture.removesuffix('.yaml')} at {recipe.side_px} px, {record['epochs']} passes over"
        f" {record['data']['train']} images in {record['budget_s'] / 60:.0f} minutes on {record['device']}"
    )


def _table(recipe: Recipe, record: dict[str, Any], exported: Exported, version: str) -> str:
    """Return the registry table; JSON strings and arrays are TOML as well."""
    values = {
        "version": version,
        "weights": exported.path.name,
        "sha256": exported.sha256,
        "format": "onnx-fp16",
        "document": f"{recipe.name}.md",
        "classes": list(exported.class_names),
        "head": exported.head.value,
        "long_side_px": recipe.shown_px,
        "threshold": record["figures"]["threshold"],
        "nms_iou": NMS_IOU,
        "licence": LICENCE,
        "made": _made(recipe, record),
    }
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return f"[models.{recipe.name}]\n" + "\n".join(lines) + "\n"


def _card(recipe: Recipe, record: dict[str, Any], exported: Exported, version: str) -> str:
    """Return the draft of the model card: all that the run record knows. What is known to fail, people must add."""
    figures = record["figures"]
    data = record["data"]
    val, repaired = figures["val"], data["repair"]
    labels = f"{_counts(repaired['added'], recipe)} added, {_counts(repaired['ignored'], recipe)} ignored"
    found = f"mAP50 {val['map50']}, mAP50-95 {val['map50_95']}, images with labels found {val['image_recall']}"
    lines = [
        f"# Model card: {recipe.name} {version}",
        "",
        f"Draft written by `plumewatch models train`. {_made(recipe, record)}.",
        "",
        "| | |",
        "|---|---|",
        f"| file | `{exported.path.name}`, {exported.path.stat().st_size:,} bytes |",
        f"| SHA-256 | `{exported.sha256}` |",
        f"| classes | {', '.join(f'{index} `{name}`' for index, name in enumerate(exported.class_names))} |",
        f"| input | RGB in [0, 1], longer side {recipe.shown_px} |",
        f"| threshold | {figures['threshold']}, chosen on validation |",
        f"| licence | {LICENCE} |",
        "",
        "## How it was made",
        "",
        f"Recipe and curve: `{recipe.name}.run.json`. Data SHA-256 `{record['data_sha256']}`.",
        f"Code: `{record['git']['commit']}` ({record['git']['tree']}).",
        "",
        f"* {data['train']} training images, {data['train_negatives']} of them negatives.",
        f"* Label repair: {labels}, in {repaired['images']} images.",
        f"* Leaks: {data['leaks']['dropped']} training images left out, pictures of the validation part.",
        "",
        "## Figures",
        "",
        f"Validation ({val['images']} images): {found}.",
        "",
        "| group | images | mAP50 | images found |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {group['images']} | {group['map50']} | {group['image_recall']} |"
        for name, group in figures["groups"].items()
    ]
    if figures["look_alikes"]:
        lines += ["", "| look-alike | negatives | with a detection | 95 % interval |", "|---|---|---|---|"]
        lines += [
            f"| {name} | {kind['images']} | {kind['alarms']} | {kind['low']:.2f} to {kind['high']:.2f} |"
            for name, kind in figures["look_alikes"].items()
        ]
    return "\n".join(lines) + "\n"


def _counts(by_class: dict[str, int], recipe: Recipe) -> str:
    return ", ".join(f"{count} {recipe.classes[int(kind)]}" for kind, count in sorted(by_class.items())) or "nothing"
