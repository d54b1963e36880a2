"""The registry: names to verified weights."""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.detector import ModelError, UnknownModelError, WeightsError
from models.registry import RegisteredModel, Registry
from models.runtime.choice import open_detector
from tests.models.forms import one_form_text

SHIPPED = Registry.load()


@pytest.mark.parametrize("name", sorted(SHIPPED.models))
def test_shipped_weights(name: str) -> None:
    """Every registered model ships with its weights, byte for byte, and a card that names their hash."""
    for form in SHIPPED.verify(name).forms:
        assert form.weights.stat().st_size <= 25 * 1024 * 1024
        assert form.card.weights_sha256 in form.document.read_text(encoding="utf-8")


@pytest.mark.parametrize("model", SHIPPED.retired, ids=lambda model: model.title)
def test_retired_weights(model: RegisteredModel) -> None:
    """What judged packages before has its card and is found by its hash; its file is in history, at a named commit."""
    assert model.commit
    for form in model.forms:
        assert not form.weights.exists()
        assert form.whereabouts.endswith(f" at commit {model.commit} under models/weights/retired/{form.weights.name}")
        assert form.card.weights_sha256 in form.document.read_text(encoding="utf-8")
        assert SHIPPED.of_weights(form.card.weights_sha256) == form
    assert model.title not in {known.title for known in SHIPPED.models.values()}


def test_retired_weights_are_opened_from_a_file(tmp_path: Path) -> None:
    """The table alone says where the weights are; a file counts only if it is the registered one, byte for byte."""
    content = SHIPPED.model("emissions-n").weights.read_bytes()
    registry(tmp_path)
    file = tmp_path / "registry.toml"
    text = file.read_text(encoding="utf-8")
    text = text.replace(SHIPPED.retired[0].card.weights_sha256, hashlib.sha256(content).hexdigest())
    file.write_text(text, encoding="utf-8")
    retired = Registry.load(file).retired[0].forms[0]
    with pytest.raises(
        WeightsError, match=r"No such file.*git history at commit 3fdcf62 under models/weights/retired/"
    ):
        open_detector(retired)
    given = replace(retired, weights=tmp_path / "old.onnx")
    given.weights.write_bytes(content[:-1])
    with pytest.raises(WeightsError, match=r"old\.onnx have SHA-256 [0-9a-f]{64}, registered is"):
        open_detector(given)
    given.weights.write_bytes(content)
    assert open_detector(given, "onnxruntime", threads=1).card == retired.card


def test_a_commit_is_a_string(tmp_path: Path) -> None:
    """A retired table whose commit is a number is refused by name."""
    with pytest.raises(ModelError, match="retired model emissions-v8s: commit must be of type str, got 7"):
        registry(tmp_path, edit=('commit = "3fdcf62"', "commit = 7"))


def test_weights_nobody_registered() -> None:
    """A hash that is unknown is refused with the versions that are known."""
    with pytest.raises(UnknownModelError, match=r"SHA-256 00.*emissions-v8s 0\.1\.0"):
        SHIPPED.of_weights("00" * 32)


def test_the_next_version(tmp_path: Path) -> None:
    """A retrained model is a minor step on, a new name begins; a version that is no semantic one has none after it."""
    shipped = SHIPPED.models["emissions-v8s"].card.version
    known = registry(tmp_path, edit=(f'version = "{shipped}"', 'version = "1.9.3"'))
    assert (known.next_version("m"), known.next_version("new")) == ("1.10.0", "0.1.0")
    odd = replace(known.models["m"], card=replace(known.models["m"].card, version="spring"))
    with pytest.raises(ModelError, match="'spring'"):
        replace(known, models={"m": odd}).next_version("m")


def test_cards() -> None:
    """The cards carry what evidence names."""
    card = next(card for card in SHIPPED.cards() if card.name == "emissions-v8s")
    assert card.class_names == ("smoke", "fire")
    assert card.input_wh == (640, 384)
    assert card.weights_format == "onnx-fp16"


def test_default() -> None:
    """Where no model is named, the file's default is used."""
    assert SHIPPED.default_name == SHIPPED.model().card.name


def test_a_version_is_found_that_another_replaced() -> None:
    """By name and version, and one that never was is refused with those that are known."""
    registry = Registry.load()
    assert registry.version("emissions-v8s", "0.1.0").is_retired
    with pytest.raises(UnknownModelError, match=r"emissions-v8s has no version 9; known: .*0\.1\.0"):
        registry.version("emissions-v8s", "9")
    with pytest.raises(UnknownModelError, match="nessie has no version 1; known: none"):
        registry.version("nessie", "1")


def test_unknown_model() -> None:
    """An unknown name is refused with the names that are known."""
    with pytest.raises(UnknownModelError, match=r"'nessie'.*emissions-v8s"):
        SHIPPED.model("nessie")


def registry(folder: Path, *, edit: tuple[str, str] = ("", ""), weights: bytes | None = None) -> Registry:
    """Return a registry of one model in one form in `folder`, with `edit` made in its text, `weights` as its file."""
    text = one_form_text().replace('default = "emissions-v8s"', 'default = "m"')
    text = text.replace("[models.emissions-v8s]", "[models.m]").replace(*edit) if any(edit) else text
    text = text.replace("[models.emissions-v8s]", "[models.m]")
    (folder / "registry.toml").write_text(text, encoding="utf-8")
    (folder / "weights").mkdir()
    if weights is not None:
        (folder / "weights" / "emissions-v8s.onnx").write_bytes(weights)
    return Registry.load(folder / "registry.toml")


def test_changed_weights(tmp_path: Path) -> None:
    """Weights with one changed byte are refused, by verify and by detector, and both hashes are named."""
    content = bytearray(SHIPPED.model("emissions-v8s").weights.read_bytes())
    content[len(content) // 2] ^= 1
    changed = registry(tmp_path, weights=bytes(content))
    for use in (changed.verify, lambda name: open_detector(changed.model(name))):
        with pytest.raises(WeightsError, match=r"SHA-256 [0-9a-f]{64}, registered is [0-9a-f]{64}"):
            use("m")


def test_missing_weights(tmp_path: Path) -> None:
    """Weights that are not there are an error that names the file; nothing is fetched."""
    with pytest.raises(WeightsError, match=r"cannot read weights .*emissions-v8s\.onnx: No such file"):
        open_detector(registry(tmp_path).model())


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino-f32"])
def test_no_onnx_at_all(tmp_path: Path, runtime: str) -> None:
    """A file of the right hash that is no ONNX model is a weights error of either runtime."""
    sha256 = SHIPPED.model("emissions-v8s").card.weights_sha256
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    with pytest.raises(WeightsError, match="cannot load model m"):
        open_detector(registry(tmp_path, edit=(sha256, empty), weights=b"").model("m"), runtime)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (('head = "v8"', 'head = "v9"'), "model m: head must be one of v8, end2end, got 'v9'"),
        (
            (f"threshold = {SHIPPED.model().card.threshold}", 'threshold = "low"'),
            "model m: threshold must be of type float, got 'low'",
        ),
        (("nms_iou", "nms"), "model m: keys missing or unknown in the registry: nms, nms_iou"),
        (("long_side_px = 640", "long_side_px = 650"), "model m: long_side_px must be a multiple of 32, got 650"),
        (('default = "m"', 'default = "n"'), "the default 'n' is not one of"),
        (('default = "m"', "default = "), "cannot read model registry"),
    ],
)
def test_wrong_file(tmp_path: Path, edit: tuple[str, str], message: str) -> None:
    """A mistake in the file is refused in one sentence that names the model and the key."""
    with pytest.raises(ModelError, match=message):
        registry(tmp_path, edit=edit)


INT8 = """
[models.m.int8]
weights = "m-int8.zip"
sha256 = "1111"
"""
RETIRED_INT8 = """
[retired.int8]
weights = "retired/m.zip"
sha256 = "2222"
"""


def with_int8(folder: Path, table: str = INT8, **edit: str) -> Registry:
    """Return a registry whose model `m`, and whose retired one, has a sub-table, with `edit` made in it."""
    for old, new in edit.items():
        table = table.replace(old, new)
    registry(folder)
    file = folder / "registry.toml"
    text = file.read_text(encoding="utf-8").replace("[models.emissions-n]", f"{table}\n[models.emissions-n]")
    file.write_text(text.replace("\n[[promotions]]", f"{RETIRED_INT8}\n[[promotions]]", 1), encoding="utf-8")
    return Registry.load(file)


def test_two_forms(tmp_path: Path) -> None:
    """A sub-table names a second file of the model; all else is the model's, and each form is found by its hash."""
    known = with_int8(tmp_path)
    model, retired = known.model("m"), known.retired[-1]
    onnx, int8 = model.forms
    assert (onnx.card, onnx.weights, onnx.int8) == (model.card, model.weights, None)
    assert (int8.card.weights_sha256, int8.card.weights_format) == ("1111", "openvino-int8")
    assert (int8.weights, int8.is_int8) == (tmp_path / "weights" / "m-int8.zip", True)
    assert (int8.card.threshold, int8.document, int8.title) == (model.card.threshold, model.document, model.title)
    assert known.of_weights(model.card.weights_sha256) == onnx
    assert known.of_weights("1111") == int8
    assert known.of_weights("2222") == retired.forms[1]
    assert known.of_weights("2222").is_retired
    assert known.model("emissions-n").forms == (known.model("emissions-n"),)


def test_both_files_are_verified(tmp_path: Path) -> None:
    """A model is not what is registered where its second file is missing."""
    known = with_int8(tmp_path)
    shutil.copyfile(SHIPPED.model("emissions-v8s").weights, tmp_path / "weights" / "emissions-v8s.onnx")
    with pytest.raises(WeightsError, match=r"cannot read weights .*m-int8\.zip"):
        known.verify("m")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ({"sha256": "sha"}, "model m: the sub-table int8 has keys missing or unknown in the registry: sha, sha256"),
        ({'sha256 = "1111"': "sha256 = 7"}, "model m: the sub-table int8: sha256 must be of type str, got 7"),
        ({INT8: "int8 = 3\n"}, "model m: the sub-table int8 must be a table, got 3"),
    ],
)
def test_wrong_sub_table(tmp_path: Path, edit: dict[str, str], message: str) -> None:
    """A mistake in it is refused in one sentence that names the model and the key."""
    with pytest.raises(ModelError, match=message):
        with_int8(tmp_path, **edit)


def test_a_zip_needs_no_second(tmp_path: Path) -> None:
    """A model that is INT8 itself has no form beside it."""
    with_int8(tmp_path)
    file = tmp_path / "registry.toml"
    text = file.read_text(encoding="utf-8").replace('format = "onnx-fp16"', 'format = "openvino-int8"', 1)
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match="stands beside weights that are openvino-int8 themselves"):
        Registry.load(file)


def test_no_file(tmp_path: Path) -> None:
    """A registry that is not there is a model error."""
    with pytest.raises(ModelError, match="cannot read model registry"):
        Registry.load(tmp_path / "registry.toml")


@pytest.mark.parametrize("threshold", [0.0, -0.1, 1.5])
def test_threshold_out_of_range(threshold: float) -> None:
    """A threshold that keeps everything or nothing is refused."""
    with pytest.raises(ModelError, match="threshold must be in"):
        open_detector(SHIPPED.model(), threshold=threshold)


def test_end_to_end_model(tmp_path: Path) -> None:
    """A table that claims another head than the weights have is found out at the first image."""
    content = SHIPPED.model("emissions-v8s").weights
    claimed = registry(tmp_path, edit=('head = "v8"', 'head = "end2end"'))
    shutil.copyfile(content, tmp_path / "weights" / "emissions-v8s.onnx")
    with pytest.raises(ModelError, match=r"end2end head and 2 classes, but its output .* is \(1, 6, 1680\)"):
        open_detector(claimed.model(), "onnxruntime").detect([np.zeros((128, 640, 3), np.uint8)])
