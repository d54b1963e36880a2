"""
Networks on OpenVINO: the only import of `openvino`. On CPUs with bf16 units (AMX, AVX512-BF16) four times as fast as
in f32 (``plumewatch bench speed``; decision 0016).
"""

import io
import zipfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from functools import partial

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import opset13
from openvino.preprocess import ColorFormat, PrePostProcessor

from models.detector import InferenceError, Runtime, WeightsError
from models.slots import Slot, SlotShelf

MAX_STREAMS = 8
"""Most runs at once on one processor. Each has its own activations (about 25 MB for the small models at 640x384)."""

PAIR = 2
"""Images a run where there are more of them than streams: 5 % less CPU than one by one, as good as four."""

IR_XML, IR_BIN = "model.xml", "model.bin"
"""The files of OpenVINO's own format inside the zip that `models.quantise` writes."""


class Precision(StrEnum):
    """The number type that a network computes in. It changes boxes and confidences: evidence names it."""

    F32 = "f32"
    BF16 = "bf16"


def has_bf16() -> bool:
    """Return whether this machine's CPU computes in bf16 natively."""
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def read_model(core: openvino.Core, name: str, weights: bytes) -> openvino.Model:
    """Return the network in `weights`: an ONNX file, or a zip of OpenVINO's own format; raise `WeightsError`."""
    try:
        if not weights.startswith(b"PK"):
            return core.read_model(model=weights)
        with zipfile.ZipFile(io.BytesIO(weights)) as archive:
            constants = np.frombuffer(archive.read(IR_BIN), np.uint8)
            return core.read_model(model=archive.read(IR_XML), weights=openvino.Tensor(constants))
    except (RuntimeError, KeyError, zipfile.BadZipFile) as error:
        raise WeightsError(f"openvino cannot load model {name}: {error}") from error


def expect_in_f32(model: openvino.Model) -> int:
    """
    Rewrite, in place, the convolutions that take the expectation over distances (DFL, in YOLOv8 heads); count them.

    Their weights are 0, 1, 2, ... As a convolution OpenVINO runs them in bf16, and the arithmetic on boxes after them;
    as a product and a sum they stay in f32, like everything between the last convolution and the output. Edges are
    then 0.24 px from f32's in the median instead of 0.40, for 1 % more time (decision 0016).
    """
    rewritten = 0
    for node in model.get_ordered_ops():
        if node.get_type_name() != "Convolution" or node.input(1).get_partial_shape().rank.get_length() != 4:
            continue
        bins = np.arange(node.input(1).get_partial_shape()[1].get_length(), dtype=np.float32)
        kernel = _constant(node.input_value(1).get_node())
        if kernel is None or kernel.shape != (1, bins.size, 1, 1) or not np.array_equal(kernel.ravel(), bins):
            continue
        weighted = opset13.multiply(node.input_value(0), opset13.constant(kernel))
        expected = opset13.reduce_sum(weighted, opset13.constant(np.array([1], np.int64)), keep_dims=True)
        node.output(0).replace(expected.output(0))
        rewritten += 1
    return rewritten


def take_bytes(model: openvino.Model) -> openvino.Model:
    """
    Return `model` with BGR bytes ``uint8 (n, h, w, 3)`` as its input.

    It was RGB in [0, 1], ``float32 (n, 3, h, w)``. OpenVINO moves channel order and scale into the weights of the first
    convolution.
    """
    steps = PrePostProcessor(model)
    given = steps.input().tensor()
    given.set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    given.set_color_format(ColorFormat.BGR)
    converted = steps.input().preprocess()
    converted.convert_element_type(openvino.Type.f32).convert_color(ColorFormat.RGB).scale(255.0)
    steps.input().model().set_layout(openvino.Layout("NCHW"))
    return steps.build()


def _constant(node: openvino.Node) -> NDArray[np.float32] | None:
    """Return the value of a constant, also of one that is stored in fp16 and cast."""
    if node.get_type_name() == "Convert":
        node = node.input_value(0).get_node()
    return np.asarray(node.get_data(), np.float32) if node.get_type_name() == "Constant" else None


class OpenVinoNetwork:
    """
    A network in OpenVINO on the CPU; many threads may run it at once.

    Compiled for each shape it meets (batch 1 or 2, height, width), with the conversion from bytes inside: 7 % less CPU
    for the n model than one network of free shape and a tensor made in Python. Images of a call run side by side, one
    thread each, rather than one after the other on all threads: the same figures on a quiet machine, and threads that
    do not wait for each other where decoders use the cores too (decision 0016). Threads are not pinned: several
    workers on one machine would pin themselves to the same cores.
    """

    def __init__(
        self, name: str, weights: bytes, threads: int, precision: Precision, input_wh: tuple[int, int] | None = None
    ) -> None:
        """
        Load `weights` of the model `name`, to run on `threads` threads; raise `WeightsError`.

        With `input_wh` the network is compiled for single images of that size at once, not at the first of them.
        OpenVINO's cache of compiled models stays off: it would save 0.3 s a start, but a blob with two changed bytes
        was loaded without a word and gave other detections, behind the back of the registry's SHA-256.
        """
        self._name = name
        self._core = openvino.Core()
        self._model = read_model(self._core, name, weights)
        expect_in_f32(self._model)
        self._streams = min(threads, MAX_STREAMS)
        self._config: dict[str, str | int | bool] = {
            "NUM_STREAMS": self._streams,
            "INFERENCE_NUM_THREADS": threads,
            "ENABLE_CPU_PINNING": False,
            "INFERENCE_PRECISION_HINT": precision.value,
        }
        self._shelf: SlotShelf[_Request] = SlotShelf(self._prepare)
        quantised = any(node.get_type_name() == "FakeQuantize" for node in self._model.get_ops())
        device = self._core.get_property("CPU", "FULL_DEVICE_NAME")
        computes = precision if has_bf16() else Precision.F32
        used = "int8" if quantised else computes.value
        self._runtime = Runtime("openvino", openvino.__version__, f"CPU {device}", used)
        if input_wh is not None:
            try:
                with self._shelf.lend(1, input_wh):
                    pass
            except InferenceError as error:
                raise WeightsError(str(error)) from error

    @property
    def runtime(self) -> Runtime:
        """OpenVINO, its version, the processor and the precision."""
        return self._runtime

    def split(self, count: int) -> Sequence[int]:
        """Return how `count` images are spread: one a stream, in pairs where there are more images than streams."""
        if count <= self._streams:
            return [1] * count
        return [PAIR] * (count // PAIR) + [1] * (count % PAIR)

    def slot(self, batch: int, input_wh: tuple[int, int]) -> AbstractContextManager[Slot]:
        """Lend a request for `batch` images of that size; raise `InferenceError`."""
        return self._shelf.lend(batch, input_wh)

    def _prepare(self, batch: int, input_wh: tuple[int, int]) -> "Callable[[], _Request]":
        """Compile for one shape: BGR bytes in, RGB in [0, 1] inside."""
        width, height = input_wh
        try:
            model = self._model.clone()
            model.reshape([batch, 3, height, width])
            compiled = self._core.compile_model(take_bytes(model), "CPU", self._config)
        except RuntimeError as error:
            raise InferenceError(f"openvino cannot compile model {self._name} for {input_wh}: {error}") from error
        return partial(_Request, self._name, compiled)


class _Request:
    """A `Slot`: one inference request with its input and output tensors."""

    def __init__(self, name: str, compiled: openvino.CompiledModel) -> None:
        self._name = name
        self._request = compiled.create_infer_request()
        self.images: NDArray[np.uint8] = self._request.get_input_tensor().data

    def start(self) -> None:
        """Begin to run on `images`; raise `InferenceError`."""
        try:
            self._request.start_async()
        except RuntimeError as error:
            raise InferenceError(f"openvino failed on model {self._name}: {error}") from error

    def wait(self) -> NDArray[np.float32]:
        """Return the output, valid until the next `start`; raise `InferenceError`."""
        try:
            self._request.wait()
            output: NDArray[np.float32] = self._request.get_output_tensor().data
        except RuntimeError as error:
            raise InferenceError(
                f"openvino failed on model {self._name}, input {self.images.shape}: {error}"
            ) from error
        return output
