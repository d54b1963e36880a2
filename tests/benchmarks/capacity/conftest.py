from dataclasses import replace

import pytest

from benchmarks.capacity.baseline import Baseline
from benchmarks.capacity.budget import Budget
from benchmarks.capacity.result import CapacityResult, Costs, Machine, Scenario
from benchmarks.capacity.step import StepResult

STEP = StepResult(
    cameras=8,
    seconds=40.0,
    start_s=4.0,
    interval_s=(2.0, 2.0, 2.1, 4.0),
    latency_s=(0.12, 0.2, 0.3, 0.5),
    analysed=160,
    by_mode={"patrol: usual": 8},
    silent=0,
    playing=8,
    missed=0,
    explained={},
    unexplained=0,
    cores={"worker": 0.25, "api": 0.01, "bus": 0.01, "farm": 0.02, "others": 0.0, "stolen": 0.0},
    threads={"camera": 0.14, "unnamed": 0.1, "detector": 0.01, "live": 0.005},
    worker_mb=440.0,
    worker_pss_mb=400.0,
    farm_mbit_s=32.0,
    farm_late_ms=4.0,
    farm_dropped=0,
)


@pytest.fixture
def step() -> StepResult:
    """A step of eight cameras that held."""
    return STEP


@pytest.fixture
def result() -> CapacityResult:
    """A run of three steps, the last of which broke the budget, and a baseline."""
    double = replace(
        STEP, cameras=16, worker_mb=600.0, cores={**STEP.cores, "worker": 0.5, "farm": 0.04}, threads={"camera": 0.28}
    )
    broken = replace(
        STEP, cameras=32, worker_mb=9000.0, faults=("99 % interval 6.00 s > 5 s",), interval_s=(2, 4, 6, 8)
    )
    return CapacityResult(
        plumewatch="0.1.0",
        made="2026-11-24T00:00:00+00:00",
        machine=Machine(processor="P", cores=2, memory_gb=24.0, kernel="6", load_average=0.1),
        scenario=Scenario(
            codec="h264",
            size_wh=(1920, 1080),
            fps=25,
            gop_s=2.0,
            bit_rate=4_000_000,
            b_frames=0,
            scenes=("street-traffic",),
            seconds=40.0,
            settings={},
            pinned={},
        ),
        model="emissions-v8s",
        model_version="0.1.0",
        runtime="openvino 2026.4, bf16",
        budget=Budget(),
        steps=(STEP, double, broken),
        costs=Costs(decode_ms=11.0, detect_ms=20.0, demux_ms=3.0),
        baseline=(
            Baseline(
                weights="emissions-v8s.onnx",
                streams=1,
                seconds=20.0,
                fps=9.0,
                interval_s=(0.11, 0.2, 0.3),
                analysed_share=0.36,
                backlog_s=0.0,
                cores=1.9,
                memory_mb=800.0,
                farm_dropped=0,
            ),
        ),
        baseline_versions="ultralytics 8",
    )
