"""Load: measures how well a worker keeps up, and how many cameras it can watch."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

CAMERAS_PER_CORE = 32
"""
Default. The requirement is 64 cameras of 1080p25 on two cores; a prototype analysed 26 a core with a slower model. The
worker takes more while it keeps up, and none as soon as it does not.
"""

WINDOW_S = 20.0
"""Span over which pressure is measured: some ten key frames of each camera."""

FULL = 0.3
"""
Share of frames not analysed in time from which a worker takes no more cameras: patrol's interval has grown by 40 %.
"""

EASY = 0.1
"""Share below which it takes more than `CAMERAS_PER_CORE`."""

_FEW = 20
"""Least frames for a share."""

_STEP = 4
"""Cameras added after each window below `EASY`."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Frames of one camera since its watch began: analysed, and dropped for lack of time."""

    analysed: int
    dropped: int


@dataclass(slots=True)
class Load:
    """
    Measures pressure and gives the capacity for registered cameras.

    Args:
        cores: processors that this worker may use.

        own: cameras of its own configuration, which are always watched and count.

        max_cameras: configured limit of cameras; 0: measured.

        clock: monotonic seconds.
    """

    cores: int
    own: int
    max_cameras: int
    clock: Callable[[], float]
    pressure: float = 0.0
    _last: Mapping[str, Tally] = field(default_factory=dict)
    _deltas: deque[tuple[float, int, int]] = field(default_factory=deque)
    _held: int = 0
    _steady_since: float = 0.0

    def note(self, tallies: Mapping[str, Tally], held: int) -> None:
        """Add the counts of every camera, and the number of registered cameras held."""
        now = self.clock()
        if held != self._held:
            self._held, self._steady_since = held, now
        known = [(tallies[camera], before) for camera, before in self._last.items() if camera in tallies]
        analysed = sum(max(0, after.analysed - before.analysed) for after, before in known)
        dropped = sum(max(0, after.dropped - before.dropped) for after, before in known)
        self._last = dict(tallies)
        self._deltas.append((now, analysed, dropped))
        while self._deltas[0][0] < now - WINDOW_S:
            self._deltas.popleft()
        done, lost = (sum(delta[column] for delta in self._deltas) for column in (1, 2))
        self.pressure = lost / (done + lost) if done + lost >= _FEW else 0.0

    @property
    def capacity(self) -> int:
        """Most registered cameras to watch."""
        if self.max_cameras:
            return max(0, self.max_cameras - self.own)
        if self.pressure > FULL:
            return self._held
        usual = max(0, CAMERAS_PER_CORE * self.cores - self.own)
        if self._held < usual:
            return usual
        is_easy = self.pressure < EASY and self.clock() - self._steady_since > WINDOW_S
        return self._held + _STEP if is_easy else self._held
