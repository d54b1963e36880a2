"""
Networks on OpenVINO: the only import of `openvino`. On CPUs with bf16 units (AMX, AVX512-BF16) three to four times as
fast as fp32 (``python -m benchmarks.speed``).
"""

from enum import StrEnum
from queue import Empty, SimpleQueue

import numpy as np
import openvino
from numpy.typing import NDArray

from models.detector import InferenceError, Runtime, WeightsError


class Precision(StrEnum):
    """The number type that a network computes in. It changes boxes and confidences: evidence names it."""

    F32 = "f32"
    BF16 = "bf16"


def has_bf16() -> bool:
    """Return whether this machine's CPU computes in bf16 natively."""
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class OpenVinoNetwork:
    """
    An ONNX model in OpenVINO on the CPU; many threads may run it at once.

    Compiled once with batch, height and width free: OpenVINO keeps the kernels of each shape it has met. Compiling once
    for each input size was no faster (bf16, 640x384, median of 30 alternating runs: 63.3 and 63.7 ms at batch 1, 195
    and 196 ms at batch 4, on a loaded machine) and holds the weights once for each size.
    """

    def __init__(self, name: str, weights: bytes, threads: int, precision: Precision) -> None:
        """
        Load `weights` (an ONNX file) of the model `name`, to run on `threads` threads; raise `WeightsError`.

        OpenVINO's cache of compiled models stays off: it would save 0.3 s a start, but a blob with two changed bytes
        was loaded without a word and gave other detections, behind the back of the registry's SHA-256.
        """
        core = openvino.Core()
        config: dict[str, str | int | bool] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            "ENABLE_CPU_PINNING": False,  # several workers on one machine would pin themselves to the same cores
            "INFERENCE_PRECISION_HINT": precision.value,
        }
        try:
            model = core.read_model(model=weights)
            model.reshape([-1, 3, -1, -1])
            self._model = core.compile_model(model, "CPU", config)
        except RuntimeError as error:
            raise WeightsError(f"openvino cannot load model {name}: {error}") from error
        self._name = name
        self._idle: SimpleQueue[openvino.InferRequest] = SimpleQueue()
        device = core.get_property("CPU", "FULL_DEVICE_NAME")
        # Asked back, not assumed: a CPU without bf16 would run in f32.
        used = self._model.get_property("INFERENCE_PRECISION_HINT").to_string()
        names = {"f32": "f32", "float32": "f32", "bf16": "bf16", "bfloat16": "bf16"}
        self._runtime = Runtime("openvino", openvino.__version__, f"CPU {device}", names.get(used, used))

    @property
    def runtime(self) -> Runtime:
        """OpenVINO, its version, the processor and the precision."""
        return self._runtime

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the output of `batch`, RGB ``float32 (n, 3, h, w)`` in [0, 1]; raise `InferenceError`."""
        try:
            request = self._idle.get_nowait()
        except Empty:
            request = self._model.create_infer_request()  # never more than threads that call at the same moment
        try:
            # The output lives in the request's memory, which its next run overwrites: hence a copy.
            output: NDArray[np.float32] = np.array(request.infer([batch], share_inputs=True)[0])
        except RuntimeError as error:  # the request is not used again
            raise InferenceError(f"openvino failed on model {self._name}, input {batch.shape}: {error}") from error
        self._idle.put(request)
        return output
