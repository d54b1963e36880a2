"""
Pages: memory for the bytes of one camera's packets, apart from the heap (decision 0038).

A ring frees as many bytes a second as it takes, in pieces from 100 bytes to 300 kB. Between them the heap keeps what
lives for a moment, and grows by the holes. Here a group of pictures lies in maps of its own, which go back to the
system when the last of its packets is forgotten.
"""

import mmap

MAP_BYTES = 1 << 20
"""Of one map; a page of it that is never written takes no memory."""

_FLAGS = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS


class Pages:
    """Keeps bytes, one after the other; what is kept lives as long as the view that is returned for it."""

    def __init__(self, map_bytes: int = MAP_BYTES) -> None:
        self._map_bytes = map_bytes
        self._map = memoryview(bytearray())
        self._used = 0

    def keep(self, data: "bytes | memoryview", *, begins_group: bool = False) -> memoryview:
        """
        Return a read-only copy of `data`, uint8.

        With `begins_group` a new map is begun where half of this one is used: a ring forgets whole groups, and a map
        that holds parts of two would stay for the second.
        """
        size = len(data)
        left = len(self._map) - self._used
        if size > left or (begins_group and left < self._map_bytes // 2):
            self._map = memoryview(mmap.mmap(-1, max(self._map_bytes, size), flags=_FLAGS))
            self._used = 0
        view = self._map[self._used : self._used + size]
        view[:] = data
        self._used += size
        return view.toreadonly()
