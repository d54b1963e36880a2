import platform
import subprocess
import sys

import pytest

from vision.heap import bound_arenas

_ARENAS = """
import ctypes, sys, threading
from vision.heap import bound_arenas

if sys.argv[1] != "0":
    bound_arenas(int(sys.argv[1]))
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
libc.malloc_info.argtypes = (ctypes.c_int, ctypes.c_void_p)
libc.fclose.argtypes = (ctypes.c_void_p,)
together = threading.Barrier(8)

def work():
    libc.malloc(1000)
    together.wait()

threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
file = libc.fopen(sys.argv[2].encode(), b"w")
libc.malloc_info(0, file)
libc.fclose(file)
print(open(sys.argv[2]).read().count("<heap nr="))
"""


def _arenas(cores: int, path: str) -> int:
    done = subprocess.run([sys.executable, "-c", _ARENAS, str(cores), path], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="arenas are glibc's")
def test_threads_share_one_arena_a_core(tmp_path: object) -> None:
    """Eight threads that allocate side by side get eight arenas, and two or three where that many are allowed."""
    file = f"{tmp_path}/heap.xml"
    assert [_arenas(cores, file) for cores in (1, 3)] == [2, 3]
    assert _arenas(0, file) > 3


def test_what_a_person_has_set_stays() -> None:
    """An operator's own setting of the C library is left as it is."""
    assert not bound_arenas(2, {"MALLOC_ARENA_MAX": "4"})
    assert not bound_arenas(2, {"GLIBC_TUNABLES": "glibc.malloc.arena_max=4"})
