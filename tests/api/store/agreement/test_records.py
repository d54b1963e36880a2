"""Holds, covered copies and cameras' files held against the log."""

import hashlib
from datetime import timedelta

import pytest

from api.contract.evidence.article41 import Article41File
from api.store.evidence.attachments import AttachmentKind, StoredAttachment, add_attachment
from api.store.evidence.camera_files import put_camera_file
from api.store.evidence.holds import RetentionRule, due_packages, is_held, set_hold, stock
from api.store.evidence.redactions import Covering, add_redaction
from tests.api.contract.sample import START
from tests.api.store.agreement.conftest import Store, lead_id

ONE = lead_id(1)
COPY = b"covered"
HOLD = f"the legal hold of lead {ONE} at 2026-11-23T02:30:05.120Z"


@pytest.fixture
def store(store: Store) -> Store:
    """A filed lead with a hold that was set and released, a covered picture and a clip, and a camera's file."""
    store.file(1)
    with store.database.writing() as session:
        set_hold(session, ONE, held=True, reason="复议", by="operator:li", at=START)
        set_hold(session, ONE, held=False, reason="终结", by="operator:li", at=START)
        for name, kind, copy in (("f0001.png", "image/jpeg", COPY), ("clip.mp4", "video/mp4", b"clip")):
            add_redaction(
                session,
                lead_id=ONE,
                file=name,
                source_sha256="0a" * 32,
                sha256=hashlib.sha256(copy).hexdigest(),
                covering=Covering("路人", "operator:li", boxes=((1, 2, 3, 4),)),
                at=START,
                copy=copy,
                media_type=kind,
            )
        add_attachment(
            session,
            StoredAttachment(ONE, "0c" * 32, "照片.jpg", AttachmentKind.PHOTO, "image/jpeg", 9, "operator:li", START),
        )
        put_camera_file(session, "gate", Article41File(), version=0, by="operator:li", at=START)
    return store


def test_records_as_they_were_logged_agree(store: Store) -> None:
    """Holds, copies and files are those of the log."""
    assert store.record_faults() == []


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        ("UPDATE holds SET reason = 'x' WHERE seq = 1", f"{HOLD} is not the log's leaf 3: changed is reason"),
        ("DELETE FROM holds WHERE seq = 2", f"{HOLD} (the log's leaf 4) is gone"),
        ('INSERT INTO holds SELECT 3, lead_id, is_set, reason, "by", at, 9 FROM holds WHERE seq = 1', f"{HOLD} is not"),
        ("UPDATE redactions SET boxes = '[]' WHERE file = 'f0001.png'", "leaf 5: changed is boxes"),
        ("UPDATE redactions SET masks = 'rot' WHERE file = 'clip.mp4'", "leaf 6: changed is masks"),
        (
            "UPDATE redactions SET copy = (SELECT a.copy FROM redactions AS a WHERE a.file = 'clip.mp4')",
            "is not what it was made as: its bytes have another hash",
        ),
        ("UPDATE attachments SET name = 'x'", f"the attachment of lead {ONE} at"),
        ("DELETE FROM attachments", "is gone"),
        ("UPDATE camera_files SET document = '{}'", "file of camera gate at 2026-11-23T02:30:05.120Z is not"),
    ],
)
def test_a_rewritten_record_is_found(store: Store, attack: str, said: str) -> None:
    """One sentence names lead or camera, leaf, and what was changed."""
    store.rewrite(attack)
    (sentence,) = store.record_faults()
    assert said in sentence


def test_a_hold_stands_by_its_leaf_whatever_its_row_is_numbered(store: Store) -> None:
    """A release that is numbered as if it were the newest entry frees nothing: a row's number is in no leaf."""
    with store.database.writing() as session:
        set_hold(session, ONE, held=True, reason="再议", by="operator:li", at=START)
    store.rewrite("UPDATE holds SET seq = 9 WHERE seq = 2")
    rule, later = RetentionRule(1, 1), START + timedelta(days=1000)
    with store.database.reading() as session:
        assert is_held(session, ONE)
        assert due_packages(session, rule, later, 10) == []
        assert stock(session, rule, later).held == 1
    assert store.record_faults() == []
