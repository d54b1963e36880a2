"""Covered copies in the store, on both databases: kept with their leaf, read in pieces, never changed."""

import hashlib

import pytest

from api.clock import utc_now
from api.contract.evidence.redaction import ClipMask, ClipRegion
from api.store.database import Database
from api.store.evidence.redactions import PIECE, Covering, add_redaction, copy_pieces, find_redaction, redactions_of
from api.store.evidence.tlog import log_size
from api.store.faults import UnknownRecord
from tests.api.store.test_database import database, settings

__all__ = ["database", "settings"]

LEAD = "L20261123-001007"
COPY = bytes(range(256)) * 9000
SHA256 = hashlib.sha256(COPY).hexdigest()
COVERING = Covering(
    reason="无关人员",
    by="operator:li",
    regions=(ClipRegion(box=(1, 2, 3, 4), to_box=(5, 6, 7, 8), from_s=0.5, to_s=2.0),),
    masks=(ClipMask(name="居民窗", polygon=[(0.1, 0.1), (0.2, 0.1), (0.2, 0.2)]),),
    made_by="worker:coverer",
)


def keep(database: Database, copy: bytes = COPY) -> int:
    """Keep the copy and return its leaf."""
    with database.writing() as session:
        made = add_redaction(
            session,
            lead_id=LEAD,
            file="clip.mp4",
            source_sha256="ab" * 32,
            sha256=hashlib.sha256(copy).hexdigest(),
            covering=COVERING,
            at=utc_now(),
            copy=copy,
            media_type="video/mp4",
        )
    return made.log_index


def test_there_is_no_copy_at_first(database: Database) -> None:
    """An empty list, and no record."""
    with database.reading() as session:
        assert redactions_of(session, LEAD) == []
        with pytest.raises(UnknownRecord):
            find_redaction(session, LEAD, SHA256)


def test_a_copy_is_kept_with_what_is_covered_and_read_in_any_piece(database: Database) -> None:
    """Regions and masks come back as they were; any range is the copy's own bytes, over the ends of pieces too."""
    index = keep(database)
    with database.reading() as session:
        found = find_redaction(session, LEAD, SHA256)
        assert redactions_of(session, LEAD) == [found]
    assert (found.covering, found.log_index, found.size) == (COVERING, index, len(COPY))
    assert (found.media_type, found.name) == ("video/mp4", f"{SHA256}.mp4")
    for start, end in ((0, len(COPY)), (0, 1), (PIECE - 3, PIECE + 5), (len(COPY) - 7, len(COPY)), (5, 5)):
        assert b"".join(copy_pieces(database, found, start, end)) == COPY[start:end]


def test_the_same_copy_again_is_the_one_that_is_there(database: Database) -> None:
    """One record and one leaf, however often it is made; another copy is another."""
    index = keep(database)
    with database.reading() as session:
        size = log_size(session)
    assert keep(database) == index
    with database.reading() as session:
        assert log_size(session) == size
    assert keep(database, COPY[:-1]) == size
    with database.reading() as session:
        assert [one.log_index for one in redactions_of(session, LEAD)] == [index, size]
