"""The processor as the system reports it: its name, its vector units, and whether it has units for INT8."""

import platform
from collections.abc import Set as AbstractSet
from pathlib import Path

INT8_UNITS = ("avx512_vnni", "avx_vnni", "amx_int8")
"""
Units with which OpenVINO runs INT8 faster than bf16 or f32, as the kernel calls them. x86 only: on ARM nobody here has
measured what OpenVINO makes of ``asimddp`` and ``i8mm``.
"""

_CPUINFO = Path("/proc/cpuinfo")


def cpuinfo(key: str) -> str:
    """Return what Linux reports of the first processor under `key`; empty where it reports nothing or is not Linux."""
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


def flags() -> frozenset[str]:
    """Return what the processor can do, as the kernel calls it; x86 and ARM, empty where it is not Linux."""
    return frozenset((cpuinfo("flags") or cpuinfo("Features")).split())


def int8_units(known: AbstractSet[str] | None = None) -> tuple[str, ...]:
    """Return which of `INT8_UNITS` are among `known` flags, or those of this processor; empty for none."""
    has = flags() if known is None else known
    return tuple(unit for unit in INT8_UNITS if unit in has)
