"""The choice of the engine that runs a network on this machine."""

import os
from dataclasses import dataclass
from enum import StrEnum

import structlog

from models.detector import ModelError
from models.network import Network
from models.openvino_runtime import OpenVinoNetwork, Precision, has_bf16
from models.ort import OrtNetwork

log = structlog.get_logger()


class Engine(StrEnum):
    """What can run a network."""

    ONNXRUNTIME = "onnxruntime"
    OPENVINO = "openvino"


@dataclass(frozen=True, slots=True)
class RuntimeChoice:
    """An engine, the precision it is told to compute in, and why it was chosen."""

    engine: Engine
    precision: Precision
    reason: str


def choose_runtime(name: str = "auto") -> RuntimeChoice:
    """
    Return how to run networks here; raise `ModelError` for an unknown name.

    ``auto``, ``onnxruntime``, ``openvino`` (bf16 where the CPU has it, else f32), ``openvino-f32``, ``openvino-bf16``.
    ``auto`` is OpenVINO: on 2 cores of a Xeon with AMX, 640x384, 46 images a second in bf16 and 13.7 in f32 against
    13.4 of ONNX Runtime (``python -m benchmarks.speed``). For the same detections on different machines name an f32
    one.
    """
    match name:
        case "onnxruntime":
            return RuntimeChoice(Engine.ONNXRUNTIME, Precision.F32, "asked for")
        case "openvino-f32":
            return RuntimeChoice(Engine.OPENVINO, Precision.F32, "asked for")
        case "openvino-bf16":
            if not has_bf16():
                raise ModelError("runtime openvino-bf16 needs a CPU with bf16, which this one is not")
            return RuntimeChoice(Engine.OPENVINO, Precision.BF16, "asked for")
        case "auto" | "openvino":
            if has_bf16():
                return RuntimeChoice(Engine.OPENVINO, Precision.BF16, "the CPU computes in bf16")
            return RuntimeChoice(Engine.OPENVINO, Precision.F32, "the CPU has no bf16")
        case _:
            known = "auto, onnxruntime, openvino, openvino-f32, openvino-bf16"
            raise ModelError(f"no runtime {name!r}: known are {known}")


def open_network(name: str, weights: bytes, choice: RuntimeChoice, threads: int | None = None) -> Network:
    """
    Return `weights` (an ONNX file) of the model `name` loaded as `choice` says; raise `WeightsError`.

    `threads` defaults to the cores this process may use.
    """
    threads = threads or len(os.sched_getaffinity(0))
    network: Network
    if choice.engine is Engine.OPENVINO:
        network = OpenVinoNetwork(name, weights, threads, choice.precision)
    else:
        network = OrtNetwork(name, weights, threads)
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
