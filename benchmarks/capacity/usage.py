"""What processes use: processor time in all and by thread, memory; what the machine as a whole is busy with."""

import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_NUMBERED = re.compile(r"^(camera|detector)-.+$|[-_ ]\d+$")

_ESTABLISHED = "01"

UNNAMED = "unnamed"
"""Threads that Python does not know: those of OpenVINO or ONNX Runtime, which run the network."""


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """
    One process at one moment.

    Attributes:
        cpu_s: user and system time so far.

        threads_s: the same by thread number.

        rss_mb: resident memory.

        pss_mb: the same with shared pages divided among their users.
    """

    cpu_s: float
    threads_s: Mapping[int, float]
    rss_mb: float
    pss_mb: float


@dataclass(frozen=True, slots=True)
class MachineUsage:
    """Processor seconds of the whole machine so far: busy, and stolen by the machine's host."""

    busy_s: float
    stolen_s: float


def usage_of(pid: int) -> ProcessUsage:
    """Return what a process uses; raise `ProcessLookupError` where there is none."""
    root = Path("/proc") / str(pid)
    try:
        status = (root / "status").read_text(encoding="ascii", errors="replace")
        threads = {}
        for task in (root / "task").iterdir():
            try:
                threads[int(task.name)] = _cpu_s(task / "stat")
            except (FileNotFoundError, ProcessLookupError):
                continue  # the thread has ended
        cpu_s = _cpu_s(root / "stat")
        rollup = (root / "smaps_rollup").read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        raise ProcessLookupError(pid) from None
    return ProcessUsage(cpu_s, threads, _kilobytes(status, "VmRSS") / 1000, _kilobytes(rollup, "Pss") / 1000)


def command_of(pid: int) -> list[str]:
    """Return the words that started a process; none where it is gone, or belongs to the kernel."""
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_text(encoding="utf-8", errors="replace").split("\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []


def processes() -> dict[int, int]:
    """Return the parent of every process there is."""
    parents = {}
    for place in Path("/proc").iterdir():
        if place.name.isdecimal():
            try:
                parents[int(place.name)] = int(_fields(place / "stat")[1])
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended
    return parents


def family_of(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    parents = processes()
    family = [pid]
    for member in family:
        family += [child for child, parent in parents.items() if parent == member]
    return family


def together(usages: Sequence[ProcessUsage]) -> ProcessUsage:
    """Return what several processes use: `rss_mb` counts the pages that they share in each of them."""
    return ProcessUsage(
        cpu_s=sum(usage.cpu_s for usage in usages),
        threads_s={thread: cpu_s for usage in usages for thread, cpu_s in usage.threads_s.items()},
        rss_mb=sum(usage.rss_mb for usage in usages),
        pss_mb=sum(usage.pss_mb for usage in usages),
    )


def machine_usage() -> MachineUsage:
    """Return what the machine has used since it was started."""
    fields = [int(text) for text in Path("/proc/stat").read_text(encoding="ascii").split("\n")[0].split()[1:]]
    user, nice, system, _, _, irq, softirq, steal = fields[:8]
    return MachineUsage((user + nice + system + irq + softirq) * _TICK_S, steal * _TICK_S)


def group_of(thread: str) -> str:
    """Return the group that a thread's name belongs to: ``camera`` for ``camera-cam-017``."""
    return _NUMBERED.sub(lambda found: found[1] or "", thread)


def cores_by_group(
    before: ProcessUsage, after: ProcessUsage, names: Mapping[int, str], seconds: float
) -> dict[str, float]:
    """Return cores used between two moments by each group of threads, the busiest first; `UNNAMED` holds the rest."""
    used: dict[str, float] = defaultdict(float)
    for number, total_s in after.threads_s.items():
        name = names.get(number)
        used[UNNAMED if name is None else group_of(name)] += total_s - before.threads_s.get(number, 0.0)
    busiest = sorted(used.items(), key=lambda item: -item[1])
    return {group: round(cpu_s / seconds, 4) for group, cpu_s in busiest}


def unread_bytes(port: int, table: str | None = None) -> dict[int, int]:
    """
    Return what waits in the system for each reader of a loopback server, by the reader's own port.

    Both directions of a connection stand in ``/proc/net/tcp``: what the server could not pass on yet and what the
    reader has not read yet are added.
    """
    text = Path("/proc/net/tcp").read_text(encoding="ascii") if table is None else table
    waiting: dict[int, int] = {}
    for line in text.splitlines()[1:]:
        fields = line.split()
        local, remote = int(fields[1].split(":")[1], 16), int(fields[2].split(":")[1], 16)
        sent, received = (int(part, 16) for part in fields[4].split(":"))
        if local == port and fields[3] == _ESTABLISHED:
            waiting[remote] = waiting.get(remote, 0) + sent
        elif remote == port and fields[3] == _ESTABLISHED:
            waiting[local] = waiting.get(local, 0) + received
    return waiting


def _fields(stat: Path) -> list[str]:
    """Return the fields of proc(5) from the third on: behind the last parenthesis, for a name may hold anything."""
    return stat.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()


def _cpu_s(stat: Path) -> float:
    fields = _fields(stat)  # utime and stime are 14 and 15
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def _kilobytes(text: str, name: str) -> float:
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    return float(found[1]) if found else 0.0
