"""The promotion gate: what may replace what, and what is written down about it."""

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from models.promotion import PromotionError, Result, promote, weigh
from models.registry import Registry

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
OLD, NEW, LATER = b"old weights", b"new weights", b"later weights"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def table(name: str, content: bytes, version: str = "0.1.0") -> str:
    return (
        f'[models.{name}]\nversion = "{version}"\nweights = "{name}.onnx"\nsha256 = "{sha256(content)}"\n'
        f'format = "onnx-fp16"\ndocument = "{name}.md"\nclasses = ["smoke", "fire"]\nhead = "v8"\nlong_side_px = 416\n'
        'threshold = 0.2\nnms_iou = 0.45\nlicence = "AGPL-3.0-or-later"\nmade = "in a test"\n'
    )


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """Return a registry of two models with a comment over each."""
    folder = tmp_path / "registry"
    (folder / "weights").mkdir(parents=True)
    for name, content in (("old", OLD), ("new", NEW)):
        (folder / "weights" / f"{name}.onnx").write_bytes(content)
        (folder / "weights" / f"{name}.md").write_text(f"# Model card: {name}\n", encoding="utf-8")
    path = folder / "registry.toml"
    text = f'# Ours.\ndefault = "old"\n\n# The first.\n{table("old", OLD)}\n# The second.\n{table("new", NEW)}'
    path.write_text(text, encoding="utf-8")
    return path


def figure(value: float, low: float | None = None, high: float | None = None) -> dict[str, float]:
    return {
        "value": value,
        "low": value - 0.05 if low is None else low,
        "high": value + 0.05 if high is None else high,
    }


def result(
    path: Path,
    content: bytes,
    *,
    group: float = 0.6,
    fog: float = 0.1,
    noticed: float = 0.9,
    data: str = "d" * 64,
    limit: int | None = None,
    settings: dict[str, float] | None = None,
    **extra: Any,
) -> Path:
    """Write a result with one group and one look-alike kind, and return its path."""
    images = {
        "settings": {"limit": limit},
        "map50": figure(0.6),
        "image_recall": figure(0.9) | {"count": 200},
        "false_alarms": figure(0.05, 0.0, 0.1),
        "groups": {"yard": {"map50": figure(group), "image_recall": figure(noticed) | {"count": 20}}},
        "look_alikes": {"fog": figure(fog)},
        "data": {"sha256": data},
    }
    model = {"name": path.stem, "version": "0.1.0", "weights_sha256": sha256(content)}
    model |= {"threshold": 0.2, "long_side_px": 416, "nms_iou": 0.45} | (settings or {})
    whole = {"format": "plumewatch.accuracy/1", "model": model, "images": images} | extra
    path.write_text(json.dumps(whole), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("group", "fog", "noticed", "worse"),
    [
        (0.58, 0.12, 0.87, []),  # lower, but within what the old result calls likely
        (0.9, 0.0, 1.0, []),
        (0.54, 0.1, 0.9, ["mAP50 of yard"]),
        (0.6, 0.1, 0.84, ["noticed of yard"]),
        (0.6, 0.16, 0.9, ["false alarms on fog"]),
        (0.54, 0.16, 0.9, ["mAP50 of yard", "false alarms on fog"]),
    ],
)
def test_a_figure_is_worse_outside_the_old_interval(
    tmp_path: Path, group: float, fog: float, noticed: float, worse: list[str]
) -> None:
    """A drop in precision or in pictures noticed, or a rise in alarms, counts once it leaves the old interval."""
    old = Result.read(result(tmp_path / "old.json", OLD))
    new = Result.read(result(tmp_path / "new.json", NEW, group=group, fog=fog, noticed=noticed))
    assert [line.split(":")[0] for line in weigh(new, old).worse] == worse


def test_what_too_few_images_show_cannot_refuse(tmp_path: Path) -> None:
    """An interval from 0 to 1, a share of nine pictures, and a share of none say nothing, and the verdict says so."""
    path = result(tmp_path / "old.json", OLD)
    whole = json.loads(path.read_text(encoding="utf-8"))
    yard = whole["images"]["groups"]["yard"]
    yard["map50"], yard["image_recall"]["count"] = figure(0.9, 0.0, 1.0), 9
    whole["images"]["false_alarms"] = {"value": None, "low": 0.0, "high": 1.0}
    path.write_text(json.dumps(whole), encoding="utf-8")
    verdict = weigh(Result.read(result(tmp_path / "new.json", NEW, group=0.1, noticed=0.1)), Result.read(path))
    assert verdict.passed
    assert verdict.unsaid == ("mAP50 of yard", "noticed of yard", "false alarms")


def test_a_higher_threshold_is_no_better_model(tmp_path: Path) -> None:
    """The shipped result as its own sweep has it at 0.6: no false alarm, and a third of the smoke no longer noticed."""
    shipped = RESULTS / "accuracy-emissions-v8s.json"
    whole = json.loads(shipped.read_text(encoding="utf-8"))
    (row,) = (row for row in whole["images"]["sweep"] if row["threshold"] == 0.6)
    whole["images"] |= {key: row[key] for key in ("precision", "recall", "image_recall", "false_alarms")}
    strict = tmp_path / "strict.json"
    strict.write_text(json.dumps(whole), encoding="utf-8")
    verdict = weigh(Result.read(strict), Result.read(shipped))
    assert [line.split(":")[0] for line in verdict.worse] == ["noticed"]
    assert [line.split(":")[0] for line in verdict.better] == ["false alarms"]


def test_a_better_model_becomes_the_default(tmp_path: Path, registry: Path) -> None:
    """The default changes, comments stay, and registry and card tell what was weighed."""
    new, old = result(tmp_path / "new.json", NEW, group=0.8), result(tmp_path / "old.json", OLD)
    assert promote("new", new, old, registry=registry).passed
    text = registry.read_text(encoding="utf-8")
    assert Registry.load(registry).default_name == "new"
    assert "# The second." in text
    (entry,) = tomllib.loads(text)["promotions"]
    assert (entry["model"], entry["replaced"], entry["worse"]) == ("new 0.1.0", "old 0.1.0", [])
    assert entry["results_sha256"] == sha256(new.read_bytes())
    assert "Better: mAP50 of yard" in (registry.parent / "weights" / "new.md").read_text(encoding="utf-8")


def test_a_worse_model_changes_nothing_without_a_reason(tmp_path: Path, registry: Path) -> None:
    """One group worse: refused byte for byte; blanks are no reason; with a reason it passes and the reason stays."""
    new, old = result(tmp_path / "new.json", NEW, fog=0.5), result(tmp_path / "old.json", OLD)
    before = registry.read_bytes()
    assert not promote("new", new, old, registry=registry).passed
    assert not promote("new", new, old, reason="  ", registry=registry).passed
    assert registry.read_bytes() == before
    promote("new", new, old, reason="no site of ours has fog", registry=registry)
    (entry,) = tomllib.loads(registry.read_text(encoding="utf-8"))["promotions"]
    assert entry["reason"] == "no site of ours has fog"
    assert entry["worse"][0].startswith("false alarms on fog: 0.500")
    assert "no site of ours has fog" in (registry.parent / "weights" / "new.md").read_text(encoding="utf-8")


def candidate(folder: Path, name: str, content: bytes, version: str = "0.2.0") -> Path:
    """Write a folder as `plumewatch models train` leaves it."""
    folder.mkdir()
    (folder / "candidate.toml").write_text(table(name, content, version), encoding="utf-8")
    (folder / f"{name}.onnx").write_bytes(content)
    (folder / f"{name}.md").write_text(f"# Model card: {name} {version}\n", encoding="utf-8")
    (folder / f"{name}.run.json").write_text("{}\n", encoding="utf-8")
    return folder


def test_a_candidate_replaces_its_own_last_version(tmp_path: Path, registry: Path) -> None:
    """The table, weights, card and run record of that name are the new ones; the default and the others stay."""
    made = candidate(tmp_path / "made", "new", LATER)
    later, before = result(tmp_path / "later.json", LATER), result(tmp_path / "new.json", NEW)
    assert promote(str(made), later, before, registry=registry).passed
    known = Registry.load(registry)
    assert known.default_name == "old"
    assert known.verify("new").card.version == "0.2.0"
    assert known.verify("old").card.version == "0.1.0"
    assert (registry.parent / "weights" / "new.run.json").is_file()
    (retired,) = known.retired
    assert (retired.title, retired.is_retired, retired.weights.read_bytes()) == ("new 0.1.0", True, NEW)
    assert retired.document.read_text(encoding="utf-8") == "# Model card: new\n"
    assert known.of_weights(sha256(NEW)) == retired
    assert known.of_weights(sha256(LATER)).card.version == "0.2.0"


def test_versions_retire_one_after_the_other(tmp_path: Path, registry: Path) -> None:
    """Each version that was ever registered can be found by its weights; the newest of the retired comes first."""
    last = result(tmp_path / "new.json", NEW)
    for number in (2, 3):
        content = f"weights {number}".encode()
        made = candidate(tmp_path / f"made-{number}", "new", content, f"0.{number}.0")
        (made / "released.pt").write_bytes(b"checkpoint of " + content)
        now = result(tmp_path / f"{number}.json", content)
        assert promote(str(made), now, last, registry=registry).passed
        last = now
    known = Registry.load(registry)
    assert [model.title for model in known.retired] == ["new 0.2.0", "new 0.1.0"]
    again = candidate(tmp_path / "again", "new", b"others", "0.2.0")
    with pytest.raises(PromotionError, match=r"there is or was a new 0\.2\.0"):
        promote(str(again), result(tmp_path / "again.json", b"others"), last, registry=registry)
    assert (registry.parent / "weights" / "new.pt").read_bytes() == b"checkpoint of weights 3"


def test_a_candidate_of_a_new_name_replaces_nothing(tmp_path: Path, registry: Path) -> None:
    """It is registered beside the others and needs no other result."""
    made = candidate(tmp_path / "made", "third", LATER)
    assert promote(str(made), result(tmp_path / "later.json", LATER), None, registry=registry).passed
    assert list(Registry.load(registry).models) == ["old", "new", "third"]


def test_results_must_belong_to_the_models_and_the_same_images(tmp_path: Path, registry: Path) -> None:
    """Other weights, other images, another format, a missing old result, the default itself: refused, one sentence."""
    new, old = result(tmp_path / "new.json", NEW), result(tmp_path / "old.json", OLD)
    with pytest.raises(PromotionError, match="measured weights"):
        promote("new", old, old, registry=registry)
    with pytest.raises(PromotionError, match="different images"):
        promote("new", new, result(tmp_path / "other.json", OLD, data="e" * 64), registry=registry)
    with pytest.raises(PromotionError, match="expected a result of format"):
        promote("new", result(tmp_path / "odd.json", NEW, format="x/1"), old, registry=registry)
    with pytest.raises(PromotionError, match="would replace old"):
        promote("new", new, None, registry=registry)
    with pytest.raises(PromotionError, match="default already"):
        promote("old", old, old, registry=registry)
    (tmp_path / "empty.json").write_text("{}", encoding="utf-8")
    with pytest.raises(PromotionError, match="not a result"):
        promote("new", tmp_path / "empty.json", old, registry=registry)


@pytest.mark.parametrize("settings", [{"threshold": 0.9}, {"long_side_px": 640}, {"nms_iou": 0.7}])
def test_results_must_be_of_the_model_as_it_will_run(
    tmp_path: Path, registry: Path, settings: dict[str, float]
) -> None:
    """Another threshold, size or NMS than the table's makes another model, whichever of the two results has it."""
    new, old = result(tmp_path / "new.json", NEW), result(tmp_path / "old.json", OLD)
    odd_new = result(tmp_path / "odd-new.json", NEW, settings=settings)
    odd_old = result(tmp_path / "odd-old.json", OLD, settings=settings)
    (key,) = settings
    before = registry.read_bytes()
    for results, against in ((odd_new, old), (new, odd_old)):
        with pytest.raises(PromotionError, match=f"measured with {key}"):
            promote("new", results, against, registry=registry)
    made = candidate(tmp_path / "made", "third", LATER)
    with pytest.raises(PromotionError, match=f"measured with {key}"):
        promote(str(made), result(tmp_path / "x.json", LATER, settings=settings), None, registry=registry)
    assert registry.read_bytes() == before


def test_results_of_a_quick_look_are_refused(tmp_path: Path, registry: Path) -> None:
    """On twenty pictures next to every group would be unsaid, and pass."""
    new, old = result(tmp_path / "new.json", NEW, limit=20), result(tmp_path / "old.json", OLD, limit=20)
    with pytest.raises(PromotionError, match="at most 20 images: measure it without --limit"):
        promote("new", new, old, registry=registry)


def test_a_candidate_whose_weights_changed_is_refused(tmp_path: Path, registry: Path) -> None:
    """Weights are the ones the table names, or nothing is registered."""
    made = candidate(tmp_path / "made", "new", LATER)
    (made / "new.onnx").write_bytes(b"swapped")
    with pytest.raises(PromotionError, match="not the weights"):
        promote(str(made), result(tmp_path / "later.json", LATER), None, registry=registry)
