"""
What a second look costs beside its detection: the milliseconds in which a picture is learned and magnified.

``python -m benchmarks.second_look [--pictures N]``: before a still wall, with faint smoke before it, and with the same
smoke before clouds that drive past, on one thread.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from streams.clock import CaptureTime, UtcSource
from streams.frame import BgrImage
from vision.magnifier import Magnifier

WH = (640, 360)
STEP_S = 0.5
WARM = 20
"""Pictures before the ones that are timed: the place and the clouds must be known."""

_START = datetime(2026, 1, 1, tzinfo=UTC)
_CLOUDS_PX_S = 8.0
_SMOKE_LEVELS = 15.0

T = TypeVar("T")


def pictures(count: int, *, smokes: bool, clouds: bool) -> list[BgrImage]:
    """Return pictures of one place at the pace of a focus, BGR uint8 ``(360, 640, 3)``, with a sensor's noise."""
    rng = np.random.default_rng(1)
    wide = rng.normal(0, 1, (WH[1], WH[0] + round(_CLOUDS_PX_S * STEP_S * count) + 1)).astype(np.float32)
    broad = np.asarray(cv2.GaussianBlur(wide, (0, 0), 18), np.float32)
    sky: NDArray[np.float32] = 150 + 30 * broad / broad.std()
    made = []
    for number in range(count):
        at = round(_CLOUDS_PX_S * STEP_S * number) if clouds else 0
        scene = sky[:, at : at + WH[0]].copy()
        scene[200:] = 90
        if smokes and number >= WARM:
            scene[80:180, 300:360] += _SMOKE_LEVELS
        noisy = scene[..., None] + rng.normal(0, 1, (WH[1], WH[0], 3))
        made.append(noisy.clip(0, 255).astype(np.uint8))
    return made


def cost(shown: list[BgrImage]) -> tuple[float, float, int]:
    """Return the median milliseconds of a look and of learning, and how many pictures were worth another look."""
    magnifier, look_ms, learn_ms, looked = Magnifier(), [], [], 0
    for number, image in enumerate(shown):
        pts_s = Fraction(STEP_S * number).limit_denominator(1000)
        at = CaptureTime(pts_s, _START, UtcSource.FILE, 0.0, 0)
        again, spent_ms = _timed(lambda image=image, at=at: magnifier.look(image, at))  # type: ignore[misc]
        _, learned_ms = _timed(lambda image=image, at=at: magnifier.learn(image, at))  # type: ignore[misc]
        if number >= WARM:
            look_ms.append(spent_ms)
            learn_ms.append(learned_ms)
            looked += again is not None
    return statistics.median(look_ms), statistics.mean(learn_ms), looked


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    result = work()
    return result, 1000 * (time.perf_counter() - start)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.second_look", description=__doc__)
    parser.add_argument("--pictures", type=int, default=60, help="timed of each kind")
    count = WARM + parser.parse_args().pictures
    cv2.setNumThreads(1)
    for name, smokes, clouds in (
        ("still", False, False),
        ("faint smoke", True, False),
        ("clouds", False, True),
        ("faint smoke before clouds", True, True),
    ):
        look_ms, learn_ms, looked = cost(pictures(count, smokes=smokes, clouds=clouds))
        print(f"{name}: {look_ms:.1f} ms a look, {learn_ms:.1f} to learn, {looked} of {count - WARM} looked at again")


if __name__ == "__main__":
    main()
