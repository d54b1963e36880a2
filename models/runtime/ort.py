"""
Networks on ONNX Runtime: the only import of `onnxruntime`. On the CPU it runs everywhere, in f32; with the extra
``gpu`` it offers NVIDIA's providers. Inputs and outputs are bound once a shape: a run allocates nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from models.detector import InferenceError, Runtime, WeightsError
from models.slots import Slot, SlotShelf

_ERRORS_ONLY = 3
_MAX_SHAPES = 24
"""Shapes kept ready: here a shape is only its tensors, the session is one for all."""

_TO_UNIT = np.float32(1 / 255)


class Provider(StrEnum):
    """What computes, by ONNX Runtime's own names."""

    CPU = "CPUExecutionProvider"
    CUDA = "CUDAExecutionProvider"
    TENSORRT = "TensorrtExecutionProvider"


@dataclass(frozen=True, slots=True)
class _Plan:
    """
    How a provider is used.

    Attributes:
        device: name of the memory it computes in.

        precision: what it computes in.

        batches: the batch sizes that are run, ascending; smaller ones are padded. Empty: every size as it comes.
    """

    device: str
    precision: str
    options: Mapping[str, Any] = field(default_factory=dict)
    batches: tuple[int, ...] = ()


_POWERS = (1, 2, 4, 8, 16, 32)
"""Shapes on a GPU: each costs kernels chosen for it and memory, and a padded run costs less than a second one."""

_PLANS = {
    Provider.CPU: _Plan("cpu", "f32"),
    # TF32 off: f32 is to mean the same numbers everywhere.
    Provider.CUDA: _Plan("cuda", "f32", {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}, _POWERS),
    Provider.TENSORRT: _Plan("cuda", "f16", {"trt_fp16_enable": "True"}, _POWERS),
}


def offered() -> frozenset[Provider]:
    """Return the providers that the installed ONNX Runtime was built with; whether a device is there shows at load."""
    return frozenset(Provider) & frozenset(onnxruntime.get_available_providers())


def metadata(name: str, weights: bytes) -> tuple[Mapping[str, str], Sequence[int | str | None]]:
    """Return the metadata of an ONNX file of the model `name`, and its input's shape; raise `WeightsError`."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = _ERRORS_ONLY
    try:
        session = onnxruntime.InferenceSession(weights, options, providers=[Provider.CPU.value])
    except Exception as error:  # ONNX Runtime's errors share no base class but Exception
        raise WeightsError(f"onnxruntime cannot load model {name}: {error}") from error
    return session.get_modelmeta().custom_metadata_map, session.get_inputs()[0].shape


class OrtNetwork:
    """An ONNX model in an ONNX Runtime session; a session may be run by many threads at once."""

    def __init__(self, name: str, weights: bytes, threads: int, provider: Provider = Provider.CPU) -> None:
        """
        Load `weights` (an ONNX file) of the model `name`; raise `WeightsError`.

        `threads` is for the CPU. A provider that cannot start (no device, no driver) is an error: ONNX Runtime alone
        would go on with the CPU and say nothing but a log line.
        """
        if provider not in offered():
            raise WeightsError(f"onnxruntime cannot use {provider} for model {name}: it was built without it")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        # Spinning threads hold the cores that decoding and other workers need.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._plan = _PLANS[provider]
        chain = [(provider.value, dict(self._plan.options))]
        if provider is Provider.TENSORRT:  # for the nodes that TensorRT does not take
            chain.append((Provider.CUDA.value, dict(_PLANS[Provider.CUDA].options)))
        try:
            content = weights if provider is Provider.CPU else _taking_bytes(weights)
            self._session = onnxruntime.InferenceSession(content, options, providers=chain)
        except Exception as error:  # ONNX Runtime's errors share no base class but Exception
            raise WeightsError(f"onnxruntime cannot load model {name}: {error}") from error
        if provider.value not in self._session.get_providers():
            raise WeightsError(f"onnxruntime cannot use {provider} for model {name}: no such device or driver")
        self._name = name
        device = {"cpu": "CPU"}.get(self._plan.device, f"{self._plan.device.upper()} 0")
        self._runtime = Runtime("onnxruntime", onnxruntime.__version__, device, self._plan.precision)
        self._shelf: SlotShelf[_BoundRun] = SlotShelf(self._prepare, _MAX_SHAPES)

    @property
    def runtime(self) -> Runtime:
        """ONNX Runtime, its version, the device and the precision."""
        return self._runtime

    def split(self, count: int) -> Sequence[int]:
        """Return how `count` images are run: together on the CPU, on a GPU in the fixed sizes, the last one padded."""
        fixed = self._plan.batches
        if not fixed:
            return [count]
        whole, rest = divmod(count, fixed[-1])
        return [fixed[-1]] * whole + [next(size for size in fixed if size >= rest)] * bool(rest)

    def slot(self, batch: int, input_wh: tuple[int, int]) -> AbstractContextManager[Slot]:
        """Lend a bound run for `batch` images of that size."""
        return self._shelf.lend(batch, input_wh)

    def _prepare(self, batch: int, input_wh: tuple[int, int]) -> "Callable[[], _BoundRun]":
        return partial(_BoundRun, self._name, self._session, self._plan.device, batch, input_wh)


def _taking_bytes(weights: bytes) -> bytes:
    """Return the network with the conversion from bytes inside it, so that it happens on the device."""
    from models.runtime.storage import take_bytes  # noqa: PLC0415 - needs onnx, which the extra gpu brings

    return take_bytes(weights)


class _BoundRun:
    """A `Slot`: input and output tensors bound to a session, whose input is bytes or float32."""

    def __init__(
        self, name: str, session: onnxruntime.InferenceSession, device: str, batch: int, input_wh: tuple[int, int]
    ) -> None:
        self._name = name
        self._session = session
        self._device = device
        width, height = input_wh
        self.images: NDArray[np.uint8] = np.zeros((batch, height, width, 3), np.uint8)
        [given] = session.get_inputs()
        takes_bytes = given.type == "tensor(uint8)"
        self._scaled = None if takes_bytes else np.zeros((batch, 3, height, width), np.float32)
        self._binding = session.io_binding()
        self._output_name = session.get_outputs()[0].name
        self._output: NDArray[np.float32] | None = None
        # On the CPU this is the array's own memory; elsewhere a copy on the device, filled again before each run.
        self._source = self.images if self._scaled is None else self._scaled
        self._input = onnxruntime.OrtValue.ortvalue_from_numpy(self._source, device, 0)
        self._binding.bind_ortvalue_input(given.name, self._input)
        self._binding.bind_output(self._output_name, "cpu")

    def start(self) -> None:
        """Run on `images`; raise `InferenceError`. ONNX Runtime has no run in the background."""
        if self._scaled is not None:
            np.multiply(self.images.transpose(0, 3, 1, 2)[:, ::-1], _TO_UNIT, out=self._scaled)
        try:
            if self._device != "cpu":
                self._input.update_inplace(self._source)
            self._session.run_with_iobinding(self._binding)
            if self._output is None:  # the first run shows the shape; from then on the same memory is used
                self._bind(self._binding.copy_outputs_to_cpu()[0])
        except Exception as error:  # the same
            raise InferenceError(
                f"onnxruntime failed on model {self._name}, input {self.images.shape}: {error}"
            ) from error

    def wait(self) -> NDArray[np.float32]:
        """Return the output, valid until the next `start`."""
        if self._output is None:
            raise InferenceError(f"model {self._name} was not started")
        return self._output

    def _bind(self, output: NDArray[np.float32]) -> None:
        self._output = np.ascontiguousarray(output)
        self._binding.clear_binding_outputs()
        self._binding.bind_output(self._output_name, "cpu", 0, np.float32, self._output.shape, self._output.ctypes.data)
