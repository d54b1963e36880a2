"""Slots: a network prepared to run on images of one shape, and the shelf from which threads borrow them."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

MAX_SHAPES = 6
"""Most shapes kept ready: on a CPU two for each aspect ratio among the cameras. Each holds 130 MB (emissions-v8s in
OpenVINO on two cores). Beyond this the one unused for longest goes and is made anew when it is needed, in 0.3 s."""


class Slot(Protocol):
    """A network prepared to run once on images of one size: its input's memory and its run."""

    @property
    def images(self) -> NDArray[np.uint8]:
        """The input, BGR ``uint8 (n, h, w, 3)``, to be written before `start`."""
        ...

    def start(self) -> None:
        """Begin to run on `images`, in the background where the engine can; raise `InferenceError`."""
        ...

    def wait(self) -> NDArray[np.float32]:
        """Return the output ``(n, ...)`` when it is there, valid until the next `start`; raise `InferenceError`."""
        ...


SlotT = TypeVar("SlotT", bound=Slot)


class SlotShelf(Generic[SlotT]):
    """
    The slots of an engine by shape; as many of each as were ever lent at once, so that no call allocates. Thread-safe.

    A slot in whose use something was raised may still be running and is not lent again.
    """

    def __init__(
        self, prepare: Callable[[int, tuple[int, int]], Callable[[], SlotT]], max_shapes: int = MAX_SHAPES
    ) -> None:
        """`prepare` takes a batch and the input's width and height and returns what makes slots of that shape."""
        self._prepare = prepare
        self._max_shapes = max_shapes
        self._shapes: OrderedDict[tuple[int, tuple[int, int]], tuple[Callable[[], SlotT], SimpleQueue[SlotT]]] = (
            OrderedDict()
        )
        self._lock = threading.Lock()

    @property
    def shapes(self) -> tuple[tuple[int, tuple[int, int]], ...]:
        """The batch and input size of each shape that is ready, the one used last at the end."""
        with self._lock:
            return tuple(self._shapes)

    @contextmanager
    def lend(self, batch: int, input_wh: tuple[int, int]) -> Iterator[SlotT]:
        """Lend a slot for `batch` images of that size, made if none is idle; raise `InferenceError`."""
        make, idle = self._shape(batch, input_wh)
        try:
            slot = idle.get_nowait()
        except Empty:
            slot = make()
        yield slot
        idle.put(slot)

    def _shape(self, batch: int, input_wh: tuple[int, int]) -> tuple[Callable[[], SlotT], "SimpleQueue[SlotT]"]:
        key = (batch, input_wh)
        with self._lock:  # held while a shape is prepared: nobody prepares it twice
            if key not in self._shapes:
                self._shapes[key] = (self._prepare(batch, input_wh), SimpleQueue())
                while len(self._shapes) > self._max_shapes:
                    self._shapes.popitem(last=False)
            self._shapes.move_to_end(key)
            return self._shapes[key]
