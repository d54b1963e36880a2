"""The batch window, on devices of different kinds."""

from collections.abc import Callable
from statistics import mode

import numpy as np
import pytest

from models.window import BatchWindow


def settled(window: BatchWindow, duration_s: Callable[[int], float], waiting: int = 1000, batches: int = 400) -> int:
    """Return the most usual window in the last tenth of `batches` batches, with so many frames waiting before each."""
    windows = []
    for _ in range(batches):
        windows.append(window.size())
        size = min(window.size(), waiting)
        window.note(size, duration_s(size))
    return mode(windows[-(batches // 10) :])


@pytest.mark.parametrize(
    ("duration_s", "expected"),
    [
        (lambda n: 0.02 * n, 1),  # nothing is gained by batches
        (lambda n: 0.02 * max(1, n / 2), 2),  # two cores, a frame each
        (lambda _: 0.02, 16),  # a device that does sixteen as fast as one
        (lambda n: 0.02 * (n if n <= 4 else 2 * n), 1),  # large batches fall out of the cache
        (lambda n: 0.01 + 0.02 * n, 16),  # a fixed cost for each batch
    ],
)
def test_finds_the_best(duration_s: Callable[[int], float], expected: int) -> None:
    """Of all sizes the one with the least time for each image is taken, the smallest where several are as good."""
    assert settled(BatchWindow(16), duration_s) == expected


def test_noise_is_no_gain() -> None:
    """A difference that drowns in the spread of the durations does not make batches larger."""
    dice = np.random.default_rng(1)
    assert [settled(BatchWindow(16), lambda n: 0.02 * n * dice.uniform(0.8, 1.2)) for _ in range(9)] == [1] * 9


def test_latency_budget() -> None:
    """A batch takes no longer than half the budget, whatever throughput a longer one would have."""
    assert settled(BatchWindow(16, latency_s=0.5), lambda n: 0.1 + 0.03 * n) == 4


def test_single_frames_always_run() -> None:
    """A device too slow for the budget still works, one frame at a time."""
    assert settled(BatchWindow(16, latency_s=0.5), lambda n: 3.0 * n) == 1


def test_follows_a_change() -> None:
    """When batches begin to pay the window grows: sizes that were not used are tried again now and then."""
    window = BatchWindow(8)
    assert settled(window, lambda n: 0.02 * n) == 1
    assert settled(window, lambda _: 0.02, batches=2000) == 8


def test_low_load() -> None:
    """Where never more than one frame waits nothing larger is learned, and nothing is waited for."""
    window = BatchWindow(8)
    assert settled(window, lambda _: 0.02, waiting=1) == 2  # allowed as soon as two wait


def test_the_first_run_does_not_count() -> None:
    """The first batch of a size, which prepares its kernels, does not spoil the size."""
    window, seen = BatchWindow(4), set()

    def duration_s(size: int) -> float:
        first, _ = size not in seen, seen.add(size)
        return 5.0 if first else 0.02

    assert settled(window, duration_s, batches=40) == 4


@pytest.mark.parametrize(("largest", "sizes"), [(1, {1}), (6, {1, 2, 4, 6})])
def test_largest(largest: int, sizes: set[int]) -> None:
    """The largest batch is a size of its own, also where it is no power of two."""
    window, used = BatchWindow(largest), set()
    for _ in range(60):
        used.add(window.size())
        window.note(window.size(), 0.02)
    assert used == sizes


def test_no_batch() -> None:
    """A window without room for a frame is a mistake."""
    with pytest.raises(ValueError, match="at least one frame"):
        BatchWindow(0)
