"""The choice of the engine, and of the form of a model, that runs on this machine, and detectors opened by it."""

import os
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from enum import StrEnum

import structlog

from models.detector import Detector, ModelError, WeightsError
from models.network import Network, NetworkDetector
from models.registry import RegisteredModel
from models.runtime.openvino_runtime import OpenVinoNetwork, Precision, has_bf16
from models.runtime.ort import OrtNetwork, Provider, offered
from models.runtime.processor import int8_units

log = structlog.get_logger()

RUNTIMES = ("auto", "onnxruntime", "openvino", "openvino-f32", "openvino-bf16", "openvino-int8", "cuda", "tensorrt")
"""What `choose_runtime` understands."""


class Engine(StrEnum):
    """What can run a network."""

    ONNXRUNTIME = "onnxruntime"
    OPENVINO = "openvino"


@dataclass(frozen=True, slots=True)
class RuntimeChoice:
    """
    How to run a network.

    Attributes:
        engine: what runs it.

        precision: what OpenVINO is told to compute in; ONNX Runtime's providers have their own (`models.runtime.ort`).

        reason: why this was chosen, for the log.

        provider: what computes under ONNX Runtime.

        is_int8: the model's INT8 form runs, not its ONNX file; what is not quantised is computed in `precision`.

        fallback: what to do where this cannot start; None where it was asked for by name.
    """

    engine: Engine
    precision: Precision
    reason: str
    provider: Provider = Provider.CPU
    is_int8: bool = False
    fallback: "RuntimeChoice | None" = None

    def form(self, model: RegisteredModel) -> RegisteredModel:
        """Return the form of `model` that is to run."""
        return model.forms[-1 if self.is_int8 else 0]


def choose_runtime(
    name: str = "auto",
    model: RegisteredModel | None = None,
    *,
    providers: AbstractSet[Provider] | None = None,
    flags: AbstractSet[str] | None = None,
) -> RuntimeChoice:
    """
    Return how to run `model` here; raise `ModelError` for a name that is unknown or that cannot be done.

    ``auto``: CUDA where an ONNX Runtime with it is installed (extra ``gpu``), else ``openvino``. ``openvino``: the
    model's INT8 form where it has one and the CPU has units for INT8 (`int8_units`), else in bf16 where the CPU has it,
    else in f32. ``openvino-int8``: that form on any CPU. ``openvino-f32``, ``openvino-bf16``, ``onnxruntime`` (f32 on
    the CPU), ``cuda`` (f32), ``tensorrt`` (f16; builds its engines at every start, which takes minutes, so never
    automatic): the ONNX file. On a Xeon with AMX OpenVINO took a quarter of the processor time in bf16 that it took in
    f32 (decision 0016), and in INT8 half of that (decision 0074). For the same detections on different machines name an
    f32 one.

    Without a `model` it is one that comes as ONNX only. `providers` are those of the installed ONNX Runtime and `flags`
    those of this processor where None.
    """
    available = offered() if providers is None else providers
    best = Precision.BF16 if has_bf16() else Precision.F32
    asked = {
        "onnxruntime": RuntimeChoice(Engine.ONNXRUNTIME, Precision.F32, "asked for"),
        "openvino-f32": RuntimeChoice(Engine.OPENVINO, Precision.F32, "asked for"),
        "openvino-bf16": RuntimeChoice(Engine.OPENVINO, Precision.BF16, "asked for"),
        "openvino-int8": RuntimeChoice(Engine.OPENVINO, best, "asked for", is_int8=True),
        "cuda": RuntimeChoice(Engine.ONNXRUNTIME, Precision.F32, "asked for", Provider.CUDA),
        "tensorrt": RuntimeChoice(Engine.ONNXRUNTIME, Precision.F32, "asked for", Provider.TENSORRT),
    }
    if name in asked:
        return _possible(name, asked[name], model, available)
    if name not in RUNTIMES:
        raise ModelError(f"no runtime {name!r}: known are {', '.join(RUNTIMES)}")
    on_cpu = _on_cpu(model, best, int8_units(flags))
    has_onnx = model is None or not model.is_int8
    if name == "openvino" or Provider.CUDA not in available or not has_onnx:
        return on_cpu
    reason = "the installed ONNX Runtime has CUDA"
    return RuntimeChoice(Engine.ONNXRUNTIME, Precision.F32, reason, Provider.CUDA, fallback=on_cpu)


def runtimes_of(model: RegisteredModel) -> tuple[str, ...]:
    """Return the names of the run-times on this machine's CPU that can run a file of `model`, each once."""
    onnx = () if model.is_int8 else ("onnxruntime", "openvino-f32", *(["openvino-bf16"] if has_bf16() else []))
    return (*onnx, *(["openvino-int8"] if model.forms[-1].is_int8 else []))


def _on_cpu(model: RegisteredModel | None, best: Precision, units: Sequence[str]) -> RuntimeChoice:
    here = "the CPU computes in bf16" if best is Precision.BF16 else "the CPU has no bf16"
    if model is None or not model.forms[-1].is_int8:
        return RuntimeChoice(Engine.OPENVINO, best, here)
    if not units:
        return RuntimeChoice(Engine.OPENVINO, best, f"{here}, and no units for INT8")
    reason = f"the model has an INT8 form and the CPU units for it ({', '.join(units)})"
    return RuntimeChoice(Engine.OPENVINO, best, reason, is_int8=True)


def _possible(
    name: str, choice: RuntimeChoice, model: RegisteredModel | None, available: AbstractSet[Provider]
) -> RuntimeChoice:
    if choice.is_int8 and model is not None and not model.forms[-1].is_int8:
        raise ModelError(f"runtime {name} needs an INT8 form, which {model.title} does not have")
    if choice.precision is Precision.BF16 and not has_bf16():
        raise ModelError(f"runtime {name} needs a CPU with bf16, which this one is not")
    if choice.provider not in available:
        raise ModelError(f"runtime {name} needs an ONNX Runtime with {choice.provider}: install plumewatch[gpu]")
    return choice


def open_detector(
    model: RegisteredModel, runtime: str = "auto", *, threshold: float | None = None, threads: int | None = None
) -> Detector:
    """
    Return a detector over the verified weights of a registered model, retired or not.

    Its card names the file that runs. A model as `Registry.of_weights` returns it has one file, which runs or nothing
    does. `runtime` as in `choose_runtime`; `threshold` replaces the card's; `threads` as in `open_network`. Raises
    `WeightsError`, or `ModelError` for a threshold outside (0, 1] and as `choose_runtime` does.
    """
    card = model.card if threshold is None else replace(model.card, threshold=threshold)
    if not 0 < card.threshold <= 1:
        raise ModelError(f"model {card.name}: the threshold must be in (0, 1], got {card.threshold}")
    wanted = replace(model, card=card)
    form, network = open_network(wanted, choose_runtime(runtime, wanted), threads)
    return NetworkDetector(form.card, form.head, form.nms_iou, network)


def open_network(
    model: RegisteredModel, choice: RuntimeChoice, threads: int | None = None
) -> tuple[RegisteredModel, Network]:
    """
    Return the form of `model` that runs and its verified weights, loaded by `choice`, or by its fallback.

    It is ready at once for pictures of the card's size; `threads` defaults to the cores this process may use. Raises
    `WeightsError`.
    """
    threads = threads or len(os.sched_getaffinity(0))
    form = choice.form(model)
    card = form.card
    weights = form.read()  # what is loaded is what was hashed: the file is read once
    try:
        network = _load(card.name, weights, choice, threads, card.input_wh)
    except WeightsError as error:
        if choice.fallback is None:
            raise
        log.warning("run-time cannot be used here", model=card.name, provider=choice.provider.value, error=str(error))
        return open_network(model, choice.fallback, threads)
    used = network.runtime
    log.info(
        "model loaded",
        model=card.name,
        weights=form.weights.name,
        format=card.weights_format,
        engine=used.engine,
        engine_version=used.version,
        device=used.device,
        precision=used.precision,
        threads=threads,
        reason=choice.reason,
    )
    return form, network


def _load(name: str, weights: bytes, choice: RuntimeChoice, threads: int, input_wh: tuple[int, int] | None) -> Network:
    if choice.engine is Engine.OPENVINO:
        return OpenVinoNetwork(name, weights, threads, choice.precision, input_wh)
    return OrtNetwork(name, weights, threads, choice.provider)
