"""Networks on ONNX Runtime: the only import of `onnxruntime`. Runs everywhere, in fp32."""

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from models.detector import InferenceError, Runtime, WeightsError

_ERRORS_ONLY = 3


class OrtNetwork:
    """An ONNX model in an ONNX Runtime session on the CPU; a session may be run by many threads at once."""

    def __init__(self, name: str, weights: bytes, threads: int) -> None:
        """Load `weights` (an ONNX file) of the model `name`, to run on `threads` threads; raise `WeightsError`."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        # Spinning threads hold the cores that decoding and other workers need.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's errors share no base class but Exception
            raise WeightsError(f"onnxruntime cannot load model {name}: {error}") from error
        self._name = name
        self._input = self._session.get_inputs()[0].name
        self._runtime = Runtime("onnxruntime", onnxruntime.__version__, "CPU", "f32")

    @property
    def runtime(self) -> Runtime:
        """ONNX Runtime, its version, the device and the precision."""
        return self._runtime

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the output of `batch`, RGB ``float32 (n, 3, h, w)`` in [0, 1]; raise `InferenceError`."""
        try:
            output: NDArray[np.float32] = self._session.run(None, {self._input: batch})[0]
        except Exception as error:  # the same
            raise InferenceError(f"onnxruntime failed on model {self._name}, input {batch.shape}: {error}") from error
        return output
