"""What processes use, read from ``/proc``."""

import os
import subprocess
import sys

import pytest

from benchmarks.capacity.usage import command_of, family_of, processes, usage_of

PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"


def test_a_family_is_a_process_with_all_that_descend_from_it() -> None:
    """The running process, its child and the child's child; each says how it was started, and uses memory."""
    child = subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"1\n"
        family = family_of(child.pid)
        assert (family[0], len(family)) == (child.pid, 2)
        assert set(family) < set(family_of(os.getpid()))
        assert processes()[child.pid] == os.getpid()
        assert command_of(child.pid) == [sys.executable, "-c", PARENT]
        assert usage_of(family[1]).rss_mb > 1
    finally:
        child.communicate(b"\n", timeout=20)
    assert (family_of(child.pid), command_of(child.pid)) == ([child.pid], [])
    with pytest.raises(ProcessLookupError):
        usage_of(child.pid)
