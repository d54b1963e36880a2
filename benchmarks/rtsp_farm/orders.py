"""Orders and answers: what the farm's process is told and says, one JSON document a line."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from benchmarks.rtsp_farm.camera import Fault


class Line(BaseModel):
    """A frozen document with no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CameraOrder(Line):
    """A camera's name, its file, and how far its key frames are shifted against others' of the same file."""

    name: str
    file: str
    phase_s: float = 0.0


class ChaosOrder(Line):
    """The fields of `benchmarks.rtsp_farm.chaos.Chaos`."""

    seed: int = 1
    share: float = 0.1
    shortest_s: float = 5.0
    longest_s: float = 60.0
    rest_s: float = 5.0
    after_s: float = 30.0
    until_s: float = 1800.0


class FarmOrder(Line):
    """
    The first line: what to serve.

    Attributes:
        log: file to which the exact time of every fault's begin and end is appended; empty: nowhere.

        reports: whether cameras tell their clock (RTCP sender reports).

        cpus: processors to run on; empty: any.
    """

    cameras: tuple[CameraOrder, ...]
    port: int = 0
    log: str = ""
    reports: bool = True
    chaos: ChaosOrder | None = None
    cpus: tuple[int, ...] = ()


class Order(Line):
    """
    A later line. `value`: of `slow` the share of its frame rate, of `jump` seconds; `file`: of `change`.

    `mend` ends faults; `usual` ends `slow`, `change` and `jump`.
    """

    do: Literal["fail", "mend", "slow", "change", "jump", "usual", "stats", "quit"]
    camera: str = ""
    fault: Fault | None = None
    value: float = 0.0
    file: str = ""


class FarmStats(Line):
    """
    What a farm has done.

    Attributes:
        cpu_s: seconds of processor time of its process, user and system.

        viewers: that watch now.

        accepted: that began to play, in all.

        sent, octets: pictures and bytes given to the kernel or queued for it.

        dropped: pictures withheld from viewers that did not read.

        queued: most bytes that wait inside the farm for one viewer.

        late_p50_ms, late_p99_ms, late_max_ms: by how much pictures left later than they were due.
    """

    seconds: float
    cpu_s: float
    viewers: int
    accepted: int
    sent: int
    octets: int
    dropped: int
    queued: int
    late_p50_ms: float
    late_p99_ms: float
    late_max_ms: float
    faults: int


class Answer(Line):
    """What the farm says to a line; `error` is empty where it was carried out."""

    error: str = ""
    port: int = 0
    stats: FarmStats | None = None
