"""Which form of a model runs on which machine."""

from dataclasses import replace

import numpy as np
import pytest
import structlog

from models.detector import ModelError, WeightsError
from models.registry import RegisteredModel, Registry, WeightsFile
from models.runtime.choice import Engine, choose_runtime, open_detector, open_network, runtimes_of
from models.runtime.openvino_runtime import has_bf16
from models.runtime.ort import Provider
from tests.models.forms import AMX, PLAIN, two_forms

CPU, CUDA = {Provider.CPU}, {Provider.CPU, Provider.CUDA, Provider.TENSORRT}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> RegisteredModel:
    """The n model in two forms."""
    return two_forms(tmp_path_factory.mktemp("forms"))


@pytest.mark.parametrize("name", ["auto", "openvino"])
def test_int8_where_there_are_units_for_it(model: RegisteredModel, name: str) -> None:
    """The choice takes the INT8 form on a processor with units for it, the ONNX file on another, and says why."""
    taken = choose_runtime(name, model, providers=CPU, flags=AMX)
    assert (taken.engine, taken.form(model)) == (Engine.OPENVINO, model.forms[1])
    assert taken.reason == "the model has an INT8 form and the CPU units for it (avx512_vnni, amx_int8)"
    left = choose_runtime(name, model, providers=CPU, flags=PLAIN)
    assert left.form(model) == model.forms[0]
    assert "no units for INT8" in left.reason


def test_a_model_without_the_form_is_run_as_before(model: RegisteredModel) -> None:
    """Nothing changes for a model of one file, nor for no model at all."""
    alone = model.forms[0]
    choice = choose_runtime("auto", alone, providers=CPU, flags=AMX)
    assert choice == choose_runtime("auto", providers=CPU, flags=AMX)
    assert choice.form(alone) == alone
    with pytest.raises(ModelError, match=r"openvino-int8 needs an INT8 form, which emissions-n 0\.1\.0 does not have"):
        choose_runtime("openvino-int8", alone)


def test_cuda_goes_before_int8_which_is_its_fallback(model: RegisteredModel) -> None:
    """CUDA runs ONNX; where it cannot start the INT8 form runs, and its units are not needed where it was asked for."""
    choice = choose_runtime("auto", model, providers=CUDA, flags=AMX)
    assert (choice.provider, choice.form(model)) == (Provider.CUDA, model.forms[0])
    assert choice.fallback == choose_runtime("openvino", model, flags=AMX)
    with structlog.testing.capture_logs() as logs:
        form, network = open_network(model, choice, threads=1)
    assert form == model.forms[1]
    assert network.runtime.engine == "openvino"
    told = logs[-1]
    assert (told["event"], told["format"], told["weights"]) == ("model loaded", "openvino-int8", "emissions-n-int8.zip")
    assert "INT8" in told["reason"]


@pytest.mark.parametrize(
    "name",
    ["onnxruntime", "openvino-f32", *(["openvino-bf16"] if has_bf16() else []), "cuda", "tensorrt"],
)
def test_a_run_time_that_was_named_runs_onnx(model: RegisteredModel, name: str) -> None:
    """Who names a precision or a device gets the file that has it, whatever the processor could do."""
    assert choose_runtime(name, model, providers=CUDA, flags=AMX).form(model) == model.forms[0]


def test_the_card_names_the_file_that_runs(model: RegisteredModel) -> None:
    """Evidence names the SHA-256 and the format of the very file; both forms find the same here, at any threshold."""
    image = np.full((234, 416, 3), 90, np.uint8)
    onnx = open_detector(model, "openvino-f32", threshold=0.02, threads=1)
    int8 = open_detector(model, "openvino-int8", threshold=0.02, threads=1)
    assert [(each.card.weights_sha256, each.card.weights_format) for each in (onnx, int8)] == [
        (form.card.weights_sha256, form.card.weights_format) for form in model.forms
    ]
    assert {onnx.card.threshold, int8.card.threshold} == {0.02}
    assert len(int8.detect([image])[0]) == len(onnx.detect([image])[0])


def test_what_is_known_by_its_hash_is_run_itself(model: RegisteredModel) -> None:
    """Evidence is judged again by the very file that it names, whichever of the two this processor would rather run."""
    registry = Registry({"n": model}, "n")
    for form in model.forms:
        found = registry.of_weights(form.card.weights_sha256)
        assert open_detector(found, threads=1).card == form.card


def test_an_int8_file_that_is_another_is_no_reason_to_run_onnx(model: RegisteredModel) -> None:
    """A changed or missing file is refused; it is not replaced by the form beside it."""
    assert model.int8 is not None
    swapped = replace(model, int8=WeightsFile(model.int8.path, "0" * 64))
    with pytest.raises(WeightsError, match=r"emissions-n-int8\.zip have SHA-256"):
        open_network(swapped, choose_runtime("auto", swapped, providers=CPU, flags=AMX), threads=1)


def test_run_times_of_a_model(model: RegisteredModel) -> None:
    """What is compared on a processor is what can run a file of the model, each file once."""
    onnx, int8 = model.forms
    assert runtimes_of(int8) == ("openvino-int8",)
    assert runtimes_of(onnx)[:2] == ("onnxruntime", "openvino-f32")
    assert "openvino-int8" not in runtimes_of(onnx)
    assert runtimes_of(model) == (*runtimes_of(onnx), "openvino-int8")


def test_a_model_that_is_only_a_zip(model: RegisteredModel) -> None:
    """It is run by OpenVINO on any processor, and no GPU is tried on it."""
    alone = model.forms[1]
    for flags in (AMX, PLAIN):
        choice = choose_runtime("auto", alone, providers=CUDA, flags=flags)
        assert (choice.engine, choice.form(alone)) == (Engine.OPENVINO, alone)
    assert choose_runtime("openvino-int8", alone).form(alone) == alone
