"""The promotion gate: what may replace what, and what is written down about it."""

import tomllib
from pathlib import Path

import pytest

from models.gate import PromotionError
from models.promotion import promote
from models.registry import Registry
from tests.models.results import result, sha256

OLD, NEW, LATER = b"old weights", b"new weights", b"later weights"


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


def test_a_better_model_becomes_the_default(tmp_path: Path, registry: Path) -> None:
    """The default changes, comments stay, and registry and card tell what was weighed."""
    new, old = result(tmp_path / "new.json", NEW, group=0.8), result(tmp_path / "old.json", OLD)
    assert promote("new", [new], old, registry=registry).passed
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
    assert not promote("new", [new], old, registry=registry).passed
    assert not promote("new", [new], old, reason="  ", registry=registry).passed
    assert registry.read_bytes() == before
    promote("new", [new], old, reason="no site of ours has fog", registry=registry)
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
    assert promote(str(made), [later], before, registry=registry).passed
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


INT8 = b"new in INT8"


def int8_table(name: str, content: bytes) -> str:
    return f'\n[models.{name}.int8]\nweights = "{name}-int8.zip"\nsha256 = "{sha256(content)}"\n'


def in_two_forms(folder: Path, name: str, content: bytes, second: bytes, version: str = "0.2.0") -> Path:
    """Write a candidate with an INT8 form."""
    made = candidate(folder, name, content, version)
    with (made / "candidate.toml").open("a", encoding="utf-8") as file:
        file.write(int8_table(name, second))
    (made / f"{name}-int8.zip").write_bytes(second)
    return made


def test_both_forms_are_judged(tmp_path: Path, registry: Path) -> None:
    """A form without a result, or one worse in a group, is not let through; the file changes with neither."""
    made = in_two_forms(tmp_path / "made", "new", LATER, INT8)
    onnx, old = result(tmp_path / "onnx.json", LATER), result(tmp_path / "new.json", NEW)
    good, bad = result(tmp_path / "good.json", INT8), result(tmp_path / "bad.json", INT8, fog=0.5)
    before = registry.read_bytes()
    with pytest.raises(PromotionError, match=r"no result is of new-int8\.zip .*--runtime openvino-int8"):
        promote(str(made), [onnx], old, registry=registry)
    with pytest.raises(PromotionError, match=r"no result is of new\.onnx .*--runtime onnxruntime"):
        promote(str(made), [good], old, registry=registry)
    with pytest.raises(PromotionError, match="measured weights"):
        promote(str(made), [onnx, good, old], old, registry=registry)
    with pytest.raises(PromotionError, match=r"second result|measured weights"):
        promote(str(made), [onnx, good, bad], old, registry=registry)
    refused = promote(str(made), [bad, onnx], old, registry=registry)
    assert [line.partition(": 0")[0] for line in refused.worse] == ["openvino-int8: false alarms on fog"]
    assert registry.read_bytes() == before
    assert promote(str(made), [good, onnx], old, registry=registry).passed
    model = Registry.load(registry).verify("new")
    assert [form.read() for form in model.forms] == [LATER, INT8]
    (entry,) = tomllib.loads(registry.read_text(encoding="utf-8"))["promotions"]
    assert [entry["results_sha256"], entry["int8_results_sha256"]] == [
        sha256(path.read_bytes()) for path in (onnx, good)
    ]


def test_both_forms_retire(tmp_path: Path, registry: Path) -> None:
    """Each file that judged evidence is kept and found by its hash; what is not replaced is installed no longer."""
    first = in_two_forms(tmp_path / "first", "new", LATER, INT8)
    onnx, int8 = result(tmp_path / "onnx.json", LATER), result(tmp_path / "int8.json", INT8)
    promote(str(first), [onnx, int8], result(tmp_path / "new.json", NEW), registry=registry)
    second = candidate(tmp_path / "second", "new", b"third weights", "0.3.0")
    third = result(tmp_path / "third.json", b"third weights")
    with pytest.raises(PromotionError, match="measured weights"):
        promote(str(second), [third], int8, registry=registry)
    assert promote(str(second), [third], onnx, registry=registry).passed
    known = Registry.load(registry)
    assert known.model("new").int8 is None
    assert [model.title for model in known.retired] == ["new 0.2.0", "new 0.1.0"]
    for content in (LATER, INT8, NEW):
        assert known.of_weights(sha256(content)).read() == content
    weights = registry.parent / "weights"
    assert not (weights / "new-int8.zip").exists()
    assert (weights / "retired" / "new-0.2.0.zip").read_bytes() == INT8


def test_links_of_a_retired_card_lead_where_they_led(tmp_path: Path, registry: Path) -> None:
    """It lies one folder further down; addresses and headings are where they were."""
    card = registry.parent / "weights" / "new.md"
    card.write_text(
        "[a](../../docs/a.md) [b](other.md) [c](HTTPS://c.example) [d](#speed) [e](<a b.md>)\n", encoding="utf-8"
    )
    made = candidate(tmp_path / "made", "new", LATER)
    assert promote(str(made), [result(tmp_path / "l", LATER)], result(tmp_path / "n", NEW), registry=registry).passed
    assert (registry.parent / "weights" / "retired" / "new-0.1.0.md").read_text(encoding="utf-8") == (
        "[a](../../../docs/a.md) [b](../other.md) [c](HTTPS://c.example) [d](#speed) [e](<../a b.md>)\n"
    )


def test_versions_retire_one_after_the_other(tmp_path: Path, registry: Path) -> None:
    """Each version that was ever registered can be found by its weights; the newest of the retired comes first."""
    last = result(tmp_path / "new.json", NEW)
    for number in (2, 3):
        content = f"weights {number}".encode()
        made = candidate(tmp_path / f"made-{number}", "new", content, f"0.{number}.0")
        (made / "released.pt").write_bytes(b"checkpoint of " + content)
        now = result(tmp_path / f"{number}.json", content)
        assert promote(str(made), [now], last, registry=registry).passed
        last = now
    known = Registry.load(registry)
    assert [model.title for model in known.retired] == ["new 0.2.0", "new 0.1.0"]
    again = candidate(tmp_path / "again", "new", b"others", "0.2.0")
    with pytest.raises(PromotionError, match=r"there is or was a new 0\.2\.0"):
        promote(str(again), [result(tmp_path / "again.json", b"others")], last, registry=registry)
    assert (registry.parent / "weights" / "new.pt").read_bytes() == b"checkpoint of weights 3"


def test_a_candidate_of_a_new_name_replaces_nothing(tmp_path: Path, registry: Path) -> None:
    """It is registered beside the others and needs no other result."""
    made = candidate(tmp_path / "made", "third", LATER)
    assert promote(str(made), [result(tmp_path / "later.json", LATER)], None, registry=registry).passed
    assert list(Registry.load(registry).models) == ["old", "new", "third"]


def test_results_must_belong_to_the_models_and_the_same_images(tmp_path: Path, registry: Path) -> None:
    """Other weights, other images, another format, a missing old result, the default itself: refused, one sentence."""
    new, old = result(tmp_path / "new.json", NEW), result(tmp_path / "old.json", OLD)
    with pytest.raises(PromotionError, match="measured weights"):
        promote("new", [old], old, registry=registry)
    with pytest.raises(PromotionError, match="different images"):
        promote("new", [new], result(tmp_path / "other.json", OLD, data="e" * 64), registry=registry)
    with pytest.raises(PromotionError, match="expected a result of format"):
        promote("new", [result(tmp_path / "odd.json", NEW, format="x/1")], old, registry=registry)
    with pytest.raises(PromotionError, match="would replace old"):
        promote("new", [new], None, registry=registry)
    with pytest.raises(PromotionError, match="default already"):
        promote("old", [old], old, registry=registry)
    (tmp_path / "empty.json").write_text("{}", encoding="utf-8")
    with pytest.raises(PromotionError, match="not a result"):
        promote("new", [tmp_path / "empty.json"], old, registry=registry)


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
            promote("new", [results], against, registry=registry)
    made = candidate(tmp_path / "made", "third", LATER)
    with pytest.raises(PromotionError, match=f"measured with {key}"):
        promote(str(made), [result(tmp_path / "x.json", LATER, settings=settings)], None, registry=registry)
    assert registry.read_bytes() == before


def test_results_of_a_quick_look_are_refused(tmp_path: Path, registry: Path) -> None:
    """On twenty pictures next to every group would be unsaid, and pass."""
    new, old = result(tmp_path / "new.json", NEW, limit=20), result(tmp_path / "old.json", OLD, limit=20)
    with pytest.raises(PromotionError, match="at most 20 images: measure it without --limit"):
        promote("new", [new], old, registry=registry)


def test_a_candidate_whose_weights_changed_is_refused(tmp_path: Path, registry: Path) -> None:
    """Weights are the ones the table names, or nothing is registered."""
    made = candidate(tmp_path / "made", "new", LATER)
    (made / "new.onnx").write_bytes(b"swapped")
    with pytest.raises(PromotionError, match="not the weights"):
        promote(str(made), [result(tmp_path / "later.json", LATER)], None, registry=registry)
