"""
The detector seam: images in, detections out; and the errors of `models`.

    ModelError
    ├── UnknownModelError     the registry has no model of that name
    ├── WeightsError          weights are missing, or their SHA-256 is not the registered one
    └── InferenceError        the run-time failed on a loaded model
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.detections import Detections


class ModelError(Exception):
    """Something about a model went wrong; the message names the model."""


class UnknownModelError(ModelError):
    """The registry has no model of that name."""


class WeightsError(ModelError):
    """Weights are missing or are not the registered ones."""


class InferenceError(ModelError):
    """The run-time failed on a loaded model."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """
    What is known of a model; evidence names it.

    Attributes:
        name: registry name, e.g. ``emissions-s``.

        version: of the weights, e.g. ``1.0.0``.

        class_names: name of each class id.

        input_wh: width and height in pixels the model is run at by default.

        threshold: lowest confidence that `Detector.detect` returns by default.

        weights_sha256: hex SHA-256 of the weights file.

        weights_format: ``onnx-fp16`` and the like.
    """

    name: str
    version: str
    class_names: tuple[str, ...]
    input_wh: tuple[int, int]
    threshold: float
    weights_sha256: str
    weights_format: str


@dataclass(frozen=True, slots=True)
class Runtime:
    """The engine that runs a model: ``onnxruntime`` or ``openvino``, its version, and the device and precision used."""

    engine: str
    version: str
    device: str
    precision: str


class Detector(Protocol):
    """Finds objects in images. Thread-safe; one call is one batch."""

    @property
    def card(self) -> ModelCard:
        """The model's card."""
        ...

    @property
    def runtime(self) -> Runtime:
        """What runs it."""
        ...

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Return the detections of each BGR image ``uint8 (h, w, 3)``, in its own pixels; raise `InferenceError`."""
        ...
