"""The choice of the engine that runs a network on this machine."""

import os
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

import structlog

from models.detector import ModelError, WeightsError
from models.network import Network
from models.openvino_runtime import OpenVinoNetwork, Precision, has_bf16
from models.ort import OrtNetwork, Provider, offered

log = structlog.get_logger()

RUNTIMES = ("auto", "onnxruntime", "openvino", "openvino-f32", "openvino-bf16", "cuda", "tensorrt")
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

        precision: what OpenVINO is told to compute in; ONNX Runtime's providers have their own (`models.ort`).

        reason: why this was chosen, for the log.

        provider: what computes under ONNX Runtime.

        fallback: what to do where this cannot start; None where it was asked for by name.
    """

    engine: Engine
    precision: Precision
    reason: str
    provider: Provider = Provider.CPU
    fallback: "RuntimeChoice | None" = None


def choose_runtime(name: str = "auto", providers: AbstractSet[Provider] | None = None) -> RuntimeChoice:
    """
    Return how to run networks here; raise `ModelError` for a name that is unknown or that this machine cannot do.

    ``auto``: CUDA where an ONNX Runtime with it is installed (extra ``gpu``), else ``openvino``. ``openvino``: in bf16
    where the CPU has it, else in f32. ``openvino-f32``, ``openvino-bf16``, ``onnxruntime`` (f32 on the CPU), ``cuda``
    (f32), ``tensorrt`` (f16; builds its engines at every start, which takes minutes, so never automatic). On a
    Xeon with AMX OpenVINO took a quarter of the processor time in bf16 that it took in f32 (decision 0016). For the
    same detections on different machines name an f32 one.

    `providers` are those of the installed ONNX Runtime where None.
    """
    available = offered() if providers is None else providers
    asked = {
        "onnxruntime": RuntimeChoice(Engine.ONNXRUNTIME, Precision.F32, "asked for"),
        "openvino-f32": RuntimeChoice(Engine.OPENVINO, Precision.F32, "asked for"),
        "openvino-bf16": RuntimeChoice(Engine.OPENVINO, Precision.BF16, "asked for"),
        "cuda": RuntimeChoice(Engine.ONNXRUNTIME, Precision.F32, "asked for", Provider.CUDA),
        "tensorrt": RuntimeChoice(Engine.ONNXRUNTIME, Precision.F32, "asked for", Provider.TENSORRT),
    }
    if name in asked:
        return _possible(name, asked[name], available)
    if name not in RUNTIMES:
        raise ModelError(f"no runtime {name!r}: known are {', '.join(RUNTIMES)}")
    on_cpu = (
        RuntimeChoice(Engine.OPENVINO, Precision.BF16, "the CPU computes in bf16")
        if has_bf16()
        else RuntimeChoice(Engine.OPENVINO, Precision.F32, "the CPU has no bf16")
    )
    if name == "openvino" or Provider.CUDA not in available:
        return on_cpu
    reason = "the installed ONNX Runtime has CUDA"
    return RuntimeChoice(Engine.ONNXRUNTIME, Precision.F32, reason, Provider.CUDA, on_cpu)


def _possible(name: str, choice: RuntimeChoice, available: AbstractSet[Provider]) -> RuntimeChoice:
    if choice.precision is Precision.BF16 and not has_bf16():
        raise ModelError(f"runtime {name} needs a CPU with bf16, which this one is not")
    if choice.provider not in available:
        raise ModelError(f"runtime {name} needs an ONNX Runtime with {choice.provider}: install plumewatch[gpu]")
    return choice


def open_network(
    name: str,
    weights: bytes,
    choice: RuntimeChoice,
    threads: int | None = None,
    input_wh: tuple[int, int] | None = None,
) -> Network:
    """
    Return `weights` of the model `name` loaded as `choice` says, or as its fallback says; raise `WeightsError`.

    `threads` defaults to the cores this process may use; `input_wh` is the size to be ready for at once.
    """
    threads = threads or len(os.sched_getaffinity(0))
    try:
        network = _load(name, weights, choice, threads, input_wh)
    except WeightsError as error:
        if choice.fallback is None:
            raise
        log.warning("run-time cannot be used here", model=name, provider=choice.provider.value, error=str(error))
        return open_network(name, weights, choice.fallback, threads, input_wh)
    used = network.runtime
    log.info(
        "model loaded",
        model=name,
        engine=used.engine,
        engine_version=used.version,
        device=used.device,
        precision=used.precision,
        threads=threads,
        reason=choice.reason,
    )
    return network


def _load(name: str, weights: bytes, choice: RuntimeChoice, threads: int, input_wh: tuple[int, int] | None) -> Network:
    if choice.engine is Engine.OPENVINO:
        return OpenVinoNetwork(name, weights, threads, choice.precision, input_wh)
    return OrtNetwork(name, weights, threads, choice.provider)
