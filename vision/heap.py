"""
The heap of a worker: few arenas, so that its memory stays flat (decision 0023).

glibc gives threads up to eight arenas a core, each with free pieces of its own between the packets of the rings, and
what is free in one is no use to a thread of another.
"""

import ctypes
import os
from collections.abc import Mapping

LEAST_ARENAS = 2
"""With one, a thread that allocates waits for any other that does."""

_M_ARENA_MAX = -8
"""glibc's malloc.h."""

_SETTINGS = ("MALLOC_ARENA_MAX", "GLIBC_TUNABLES")


def bound_arenas(cores: int, environment: Mapping[str, str] = os.environ) -> bool:
    """
    Let this process have one arena a core; return False where the C library is not glibc or a person has set it.

    Arenas that exist stay: to be called before the threads start.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None or any(name in environment for name in _SETTINGS):
        return False
    return bool(mallopt(_M_ARENA_MAX, max(LEAST_ARENAS, cores)))
