"""The shelf of prepared shapes, and the slots of the two engines."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from models.registry import Registry
from models.runtime.openvino_runtime import OpenVinoNetwork, Precision
from models.runtime.ort import _PLANS, OrtNetwork, Provider
from models.slots import SlotShelf

WH = (64, 32)


class CountingSlot:
    """A slot that does nothing."""

    def __init__(self, batch: int) -> None:
        self.images: NDArray[np.uint8] = np.zeros((batch, 1, 1, 3), np.uint8)

    def start(self) -> None:
        """Do nothing."""

    def wait(self) -> NDArray[np.float32]:
        """Return nothing."""
        return np.zeros(0, np.float32)


class Workshop:
    """Prepares shapes and makes slots, and counts both."""

    def __init__(self) -> None:
        self.prepared: list[tuple[int, tuple[int, int]]] = []
        self.made = 0

    def __call__(self, batch: int, input_wh: tuple[int, int]) -> Callable[[], CountingSlot]:
        """Prepare a shape."""
        self.prepared.append((batch, input_wh))

        def make() -> CountingSlot:
            self.made += 1
            return CountingSlot(batch)

        return make


def test_slots_are_used_again() -> None:
    """One slot serves any number of calls that follow each other; two at once need two."""
    workshop = Workshop()
    shelf = SlotShelf(workshop)
    for _ in range(5):
        with shelf.lend(1, WH):
            pass
    assert workshop.made == 1
    with shelf.lend(1, WH) as one, shelf.lend(1, WH) as other:
        assert one is not other
    with shelf.lend(1, WH), shelf.lend(1, WH):
        pass
    assert (workshop.made, workshop.prepared) == (2, [(1, WH)])


def test_least_used_shape_goes() -> None:
    """Beyond the limit the shape that was not used for longest is dropped, and prepared again when it is needed."""
    workshop = Workshop()
    shelf = SlotShelf(workshop, max_shapes=2)
    for batch in (1, 2, 1, 3, 1, 2):
        with shelf.lend(batch, WH):
            pass
    assert [batch for batch, _ in workshop.prepared] == [1, 2, 3, 2]
    assert shelf.shapes == ((1, WH), (2, WH))


def test_failed_slot_is_not_lent_again() -> None:
    """A slot in whose use something was raised may still be running: the next borrower gets another."""
    shelf = SlotShelf(Workshop())
    lending = shelf.lend(1, WH)
    failed = lending.__enter__()
    assert not lending.__exit__(OSError, OSError("camera"), None)
    with shelf.lend(1, WH) as slot:
        assert slot is not failed


def test_prepared_once() -> None:
    """Threads that meet a new shape at the same moment prepare it once."""
    workshop, gate = Workshop(), threading.Barrier(4)
    shelf = SlotShelf(workshop)

    def borrow(_: int) -> None:
        gate.wait(10)
        with shelf.lend(2, WH):
            pass

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(borrow, range(4)))
    assert workshop.prepared == [(2, WH)]


@pytest.fixture(scope="module")
def weights() -> bytes:
    """The smaller shipped model."""
    return Registry.load().model("emissions-n").weights.read_bytes()


@pytest.mark.parametrize(("count", "runs"), [(1, [1]), (2, [1, 1]), (3, [2, 1]), (4, [2, 2]), (7, [2, 2, 2, 1])])
def test_openvino_split(weights: bytes, count: int, runs: list[int]) -> None:
    """On two streams up to two images run one each; more run in pairs, and none is padded."""
    assert OpenVinoNetwork("n", weights, 2, Precision.F32).split(count) == runs


def test_openvino_is_ready(weights: bytes) -> None:
    """A network told its size is compiled for single images of it at once, and for pairs when they come."""
    network = OpenVinoNetwork("n", weights, 2, Precision.F32, (96, 64))
    assert network._shelf.shapes == ((1, (96, 64)),)
    with network.slot(2, (96, 64)) as slot:
        assert slot.images.shape == (2, 64, 96, 3)
    assert network._shelf.shapes == ((1, (96, 64)), (2, (96, 64)))


def test_no_allocation_between_runs(weights: bytes) -> None:
    """A slot's output lies in the same memory in every run, on both engines, and follows the input."""
    for network in (OpenVinoNetwork("n", weights, 1, Precision.F32), OrtNetwork("n", weights, 1)):
        addresses, sums = set(), []
        for level in (0, 200, 200):
            with network.slot(1, (96, 64)) as slot:
                slot.images[:] = level
                slot.images[:, 20:40, 30:60] = 255 - level
                slot.start()
                output = slot.wait()
                addresses.add(output.ctypes.data)
                sums.append(float(output[0, 4:].sum()))
        assert len(addresses) == 1
        assert sums[1] == sums[2] != sums[0]


@pytest.mark.parametrize(("count", "runs"), [(1, [1]), (3, [4]), (32, [32]), (37, [32, 8])])
def test_fixed_sizes_on_a_gpu(weights: bytes, count: int, runs: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider with fixed batch sizes gets full ones, the last padded to the next size."""
    network = OrtNetwork("n", weights, 1)
    assert network.split(count) == [count]
    monkeypatch.setattr(network, "_plan", _PLANS[Provider.CUDA])
    assert network.split(count) == runs


@pytest.mark.train
def test_bytes_on_the_device(weights: bytes) -> None:
    """A network with the conversion inside it, as GPUs get it, gives what the other one does."""
    pytest.importorskip("onnx")
    from models.runtime.storage import take_bytes  # noqa: PLC0415 - needs onnx

    outputs = []
    for content in (weights, take_bytes(weights)):
        with OrtNetwork("n", content, 1).slot(2, (96, 64)) as slot:
            slot.images[:] = np.random.default_rng(1).integers(0, 256, slot.images.shape, np.uint8)
            for _ in range(2):
                slot.start()
            outputs.append(slot.wait().copy())
    assert np.abs(outputs[0] - outputs[1]).max() < 1e-3
