"""Pages: what is kept is a copy that cannot be written, and its memory goes when the last view of a map does."""

import weakref

import pytest

from streams.pages import MAP_BYTES, Pages


def test_what_is_kept_is_a_read_only_copy() -> None:
    """The source's buffer may be used again; nobody downstream can change the evidence."""
    source = bytearray(b"abc")
    kept = Pages().keep(memoryview(source))
    source[0] = 0
    assert (bytes(kept), len(kept)) == (b"abc", 3)
    with pytest.raises(TypeError):
        kept[0] = 0


def test_pieces_of_every_size_stay_as_they_came() -> None:
    """Small ones share a map, none runs over into another, one larger than a map has its own."""
    pieces = [bytes([number]) * size for number, size in enumerate((0, 1, 4096, 700_000, 500_000, 3 * MAP_BYTES, 5))]
    pages = Pages()
    kept = [pages.keep(piece) for piece in pieces]
    assert [bytes(view) for view in kept] == pieces
    assert kept[1].obj is kept[2].obj
    assert kept[4].obj is not kept[3].obj
    assert len(kept[5].obj) == 3 * MAP_BYTES


def test_memory_goes_back_with_the_group_that_lay_in_it() -> None:
    """Each group begins a map once half of one is used; forgetting a group ends its map, not the next one's."""
    pages = Pages(4096)
    first = [pages.keep(bytes(1000), begins_group=number == 0) for number in range(3)]
    second = [pages.keep(bytes(1000), begins_group=number == 0) for number in range(3)]
    maps = [weakref.ref(group[0].obj) for group in (first, second)]
    assert {id(view.obj) for view in first}.isdisjoint(id(view.obj) for view in second)
    del first[:2]
    assert maps[0]() is not None
    del first
    assert maps[0]() is None
    assert maps[1]() is not None


def test_small_groups_share_a_map() -> None:
    """Where every picture is a key frame not each has a map: their number is bounded in the system."""
    pages = Pages(4096)
    maps = {id(pages.keep(bytes(100), begins_group=True).obj) for _ in range(20)}
    assert len(maps) == 1
