"""The journal of checkpoints: cut anywhere it holds a beginning of what was written, changed anywhere it says so."""

from pathlib import Path

import pytest

from api.contract.trust.checkpoint import Checkpoint
from api.trust.journal import Journal, JournalEntry, JournalError


def entry(size: int) -> JournalEntry:
    return JournalEntry(Checkpoint("plumewatch/x", size, bytes(32)).to_bytes(), bytes([size] * 70), "ab" * 32)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "checkpoints.jsonl")


def test_an_empty_journal(journal: Journal) -> None:
    """Before the first entry there is no file and nothing to read."""
    assert (journal.exists(), journal.read()) == (False, [])


def test_entries_come_back_in_order(journal: Journal) -> None:
    """What was appended is read, with its checkpoint; the file is its owner's alone."""
    for size in (1, 2, 3):
        journal.append(entry(size))
    assert journal.read() == [entry(1), entry(2), entry(3)]
    assert journal.read()[2].checkpoint.size == 3
    assert journal.path.stat().st_mode & 0o777 == 0o600


def test_a_cut_at_every_byte_leaves_a_beginning(journal: Journal) -> None:
    """However short the file is cut, whole entries are read, and the next one follows the last whole one."""
    for size in (1, 2, 3):
        journal.append(entry(size))
    whole = journal.path.read_bytes()
    ends = [index + 1 for index, byte in enumerate(whole) if byte == 0x0A]
    for length in range(len(whole) + 1):
        journal.path.write_bytes(whole[:length])
        kept = [entry(number) for number, end in enumerate(ends, 1) if end <= length]
        assert journal.read() == kept
        journal.append(entry(9))
        assert journal.read() == [*kept, entry(9)]


def test_a_change_at_every_byte_is_told(journal: Journal) -> None:
    """No byte of a whole entry can be changed unseen: the file is refused, or what it says is another."""
    journal.append(entry(1))
    journal.append(entry(2))
    whole = journal.path.read_bytes()
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 0x80
        journal.path.write_bytes(changed)
        try:
            assert journal.read() != [entry(1), entry(2)]
        except JournalError as error:
            assert "checkpoints.jsonl line" in str(error)  # noqa: PT017  (either way it is seen)
