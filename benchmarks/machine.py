"""The machine that a benchmark ran on, as the system names it."""

import platform
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")


def cpuinfo(key: str) -> str:
    """Return what Linux says of the first processor under `key`; empty where it says nothing or is not Linux."""
    try:
        for line in _CPUINFO.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == key:
                return value.strip()
    except OSError:
        pass
    return ""


def processor() -> str:
    """Return the processor's name, or at least its kind."""
    return cpuinfo("model name") or platform.processor() or platform.machine()
