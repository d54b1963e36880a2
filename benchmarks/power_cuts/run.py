"""The trials of a run: who is killed, when, and what must hold afterwards."""

import contextlib
import multiprocessing
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from enum import StrEnum
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread

import av
import httpx
import numpy as np

from api.contract.evidence.verification import verify_package
from benchmarks.capacity.site import Site
from benchmarks.errors import BenchmarkError
from benchmarks.power_cuts.line import Errand, walk

ENDS_WITHIN_S = 240.0
LEAD_PAGE = 200
UNDISTURBED = 3
MISSES = 4
"""Cuts that are tried for each that is to strike."""

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["benchmarks.power_cuts.line"])


class Cut(StrEnum):
    """Who dies, and how the moment is drawn."""

    WORKER_STEP = "worker before a step"
    WORKER_MOMENT = "worker at a moment"
    API_MOMENT = "API at a moment"


@dataclass(slots=True)
class PowerCuts:
    """
    What came of a run.

    Attributes:
        points: cuts tried, by kind.

        hit: those that struck while the path was under way, by kind; the others came after its end.

        stages: the last stage that a killed worker had told, with its count.

        confirmed: leads whose case was on disk, told by the worker before it died.

        filed: leads that the API has, with their packages.

        lost: confirmed leads that it has not.

        twice: leads that it has more than once.

        broken: packages in the vault that do not verify, with the first failure.

        waiting: left in outbox or cases at the end.

        seconds: of the whole run.
    """

    points: Counter[str] = field(default_factory=Counter)
    hit: Counter[str] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)
    confirmed: int = 0
    filed: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def as_dict(self) -> dict[str, object]:
        """Return it for JSON."""
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: dict(value) if isinstance(value, Counter) else value for name, value in plain.items()}

    @property
    def holds(self) -> bool:
        """Whether every confirmed lead is filed exactly once and verifies."""
        return not (self.lost or self.twice or self.broken or self.waiting) and self.filed >= self.confirmed > 0


class Trials:
    """Cuts on one site, one after another; all leads end up in the same vault and log."""

    def __init__(self, site: Site, folder: Path, seed: int) -> None:
        self._site = site
        self._folder = folder
        self._node = folder / "node"
        self._random = random.Random(seed)
        self._clip = write_clip(folder / "clip.mp4")
        self._confirmed: set[str] = set()
        self.result = PowerCuts()
        self._node.mkdir()
        self._steps = self._line().finish()
        self._lasts_s = statistics.median(self._undisturbed_s() for _ in range(UNDISTURBED))

    def run(self, points: int, tell: Callable[[int, Cut], None]) -> PowerCuts:
        """
        Cut until `points` have struck, `tell` before each how many have, and hold what is left against what was told.

        Raises `BenchmarkError` where too many cuts come after the end of what they should cut.
        """
        began = time.monotonic()
        while (struck := sum(self.result.hit.values())) < points:
            if sum(self.result.points.values()) > points * MISSES:
                raise BenchmarkError(f"only {struck} of {points * MISSES} cuts struck")
            cut = self._random.choices(list(Cut), weights=(5, 2, 3))[0]
            tell(struck, cut)
            self.result.points[cut] += 1
            self._make(cut)
        self._line(confirms=False).finish()
        self._hold_against()
        self.result.seconds = round(time.monotonic() - began, 1)
        return self.result

    def _make(self, cut: Cut) -> None:
        if cut is Cut.API_MOMENT:
            line = self._line()
            line.wait_until_ready()
            time.sleep(self._random.uniform(0, self._lasts_s))
            was_under_way = line.is_running
            self._site.kill_api()
            self._site.start_api()
            line.finish()
            self.result.hit[cut] += was_under_way
            return
        step = self._random.randint(1, self._steps) if cut is Cut.WORKER_STEP else 0
        line = self._line(cut=step)
        if not step:
            line.wait_until_ready()
            time.sleep(self._random.uniform(0, self._lasts_s))
            line.kill()
        was_killed = line.ended() < 0
        self.result.hit[cut] += was_killed
        if was_killed:
            self.result.stages[line.stage] += 1

    def _undisturbed_s(self) -> float:
        """Return how long the way takes if nobody dies, from its beginning: moments are drawn within that."""
        line = self._line()
        line.wait_until_ready()
        began = time.monotonic()
        line.finish()
        return time.monotonic() - began

    def _line(self, *, cut: int = 0, confirms: bool = True) -> "_Line":
        errand = Errand(self._node, self._site.api_url, self._site.worker_key, self._clip, cut, confirms)
        return _Line(errand, self._confirmed)

    def _hold_against(self) -> None:
        filed = Counter(lead["lead_id"] for lead in self._filed())
        result = self.result
        result.confirmed, result.filed = len(self._confirmed), len(filed)
        result.lost = sorted(self._confirmed - set(filed))
        result.twice = sorted(lead for lead, times in filed.items() if times > 1)
        places = [self._node / "outbox" / "ready", self._node / "outbox" / "rejected", self._node / "cases"]
        result.waiting = sorted(path.name for place in places for path in place.iterdir())
        vault = self._folder / "vault"
        packages = [path.parent for path in vault.glob("??/*/SHA256SUMS")]
        for package in packages:
            report = verify_package(package)
            result.broken += [f"{package.name}: {check.sentence}" for check in report.failures[:1]]
        if len(packages) != len(filed):
            result.broken.append(f"the vault holds {len(packages)} packages of {len(filed)} leads")

    def _filed(self) -> Iterator[dict[str, str]]:
        """Yield every lead that the API has filed with its evidence."""
        headers = {"Authorization": f"Bearer {self._site.worker_key}"}
        with httpx.Client(base_url=self._site.api_url, headers=headers, timeout=30) as client:
            cursor: str | None = None
            while True:
                query = {"limit": str(LEAD_PAGE)} | ({"cursor": cursor} if cursor else {})
                page = client.get("/v1/leads", params=query).raise_for_status().json()
                yield from (lead for lead in page["leads"] if lead["evidence"] is not None)
                cursor = page["next"]
                if not cursor:
                    return


class _Line:
    """`benchmarks.power_cuts.line` as a process."""

    def __init__(self, errand: Errand, confirmed: set[str]) -> None:
        receiver, sender = _PROCESSES.Pipe(duplex=False)
        self._confirmed = confirmed
        self._errand = errand
        self._process = _PROCESSES.Process(target=walk, args=(errand, sender))
        self._process.start()
        sender.close()
        self._told: list[str] = []
        self._ready_at = 0.0
        self._reader = Thread(target=self._read, args=(receiver,))
        self._reader.start()

    def _read(self, receiver: Connection) -> None:
        with receiver, contextlib.suppress(EOFError, ConnectionResetError):
            while True:
                line = receiver.recv()
                word, _, lead = line.partition(" ")
                if word == "READY":
                    self._ready_at = time.monotonic()
                if word == "CONFIRMED":
                    self._confirmed.add(lead)
                self._told.append(line)

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.is_alive()

    @property
    def stage(self) -> str:
        """The last thing it said, without the lead's number."""
        return self._told[-1].split()[0] if self._told else "STARTED"

    def wait_until_ready(self) -> None:
        """Return once it has begun, or has ended."""
        while self.is_running and not self._ready_at:
            time.sleep(0.005)

    def kill(self) -> None:
        """Take it away as a power cut does."""
        self._process.kill()

    def ended(self) -> int:
        """Wait for its end; return its exit code, negative where a signal ended it."""
        self._process.join(ENDS_WITHIN_S)
        code = self._process.exitcode
        if code is None:
            self._process.kill()
            raise BenchmarkError(f"the line does not end; its log ends with:\n{self._tail()}")
        self._reader.join()
        return code

    def finish(self) -> int:
        """Wait for its good end; return the steps it took. Raise `BenchmarkError` for any other."""
        if code := self.ended():
            raise BenchmarkError(f"the line ended with {code}; its log ends with:\n{self._tail()}")
        return int(self._told[-1].split()[1])

    def _tail(self) -> str:
        return (self._errand.folder / "line.log").read_text(encoding="utf-8", errors="replace")[-800:]


def write_clip(path: Path) -> Path:
    """Write 8 s of H.264 at 25 pictures a second, 320x240, a key frame a second; return the path."""
    noise = np.random.default_rng(1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"g": "25"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        ground = noise.integers(60, 120, (240, 320, 3), np.uint8)
        for number in range(200):
            image = np.roll(ground, number, axis=1)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
