"""Accuracy results made in code, for tests of what reads them."""

from benchmarks.accuracy.result import AccuracyResult, ModelUsed, RuntimeUsed, Timings
from tests.benchmarks.looks import SMOKE, A, B, figures, look


def result(right: int, *, of: int = 40, weights: str = "a", threshold: float = 0.5, alarms: int = 0) -> AccuracyResult:
    """Return the result of a model that finds `right` of `of` plumes and alarms in `alarms` of 20 fogs."""
    looks = [look(f"web_{n}", ((SMOKE, A),), ((SMOKE, 0.9, A if n < right else B),)) for n in range(of)]
    looks += [look(f"sky_{n}", (), ((SMOKE, 0.9, A),) if n < alarms else (), group="sky_fog") for n in range(20)]
    return AccuracyResult(
        plumewatch="0.1.0",
        model=ModelUsed(
            name="test<b>",
            version="1",
            weights_sha256=weights * 64,
            weights_format="onnx",
            class_names=("smoke", "fire"),
            long_side_px=640,
            threshold=threshold,
            nms_iou=0.45,
        ),
        runtime=RuntimeUsed(engine="none", version="0", device="none", precision="f32"),
        images=figures(*looks, threshold=threshold),
        sequences=[],
        timings=Timings(images_s=1.0, sequences_s=None),
    )
