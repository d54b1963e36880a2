"""Nodes, certificates and revocations held against the log."""

from datetime import timedelta

import pytest

from api.contract.trust.stamp import fingerprint
from api.store.evidence.trust import add_authority, revoke_certificate
from api.store.workers import enrol_node
from tests.api.contract.sample import START, TestSigner
from tests.api.contract.trust.test_revocation import make_crl, pem_of
from tests.api.store.agreement.conftest import Store

FIRST, SECOND, GONE = TestSigner("north"), TestSigner("north"), TestSigner("south")
BUREAU, FOREIGN = TestSigner("Bureau CA", ca=True), TestSigner("Bureau CA", ca=True)
SUBJECT = BUREAU.certificate.subject.rfc4514_string()
NORTH = "node north, number 1,"


def sha256(signer: TestSigner) -> str:
    """The fingerprint of a certificate."""
    return fingerprint(signer.certificate)


def enrol(store: Store, name: str, number: int, signer: TestSigner, *, succeeds: TestSigner | None = None) -> None:
    """Pin a certificate for a node, as the API does."""
    with store.database.writing() as session:
        enrol_node(
            session,
            name=name,
            number=number,
            certificate_pem=signer.certificate_pem.decode(),
            fingerprint=sha256(signer),
            key_id=1,
            at=START + timedelta(minutes=len(name)),
            succeeds=None if succeeds is None else sha256(succeeds),
        )


def revoke(store: Store, signer: TestSigner) -> None:
    """Revoke a certificate, as the API does."""
    with store.database.writing() as session:
        revoke_certificate(session, sha256(signer), since=START, reason="密钥泄露", by="operator:li", at=START)


@pytest.fixture
def store(store: Store) -> Store:
    """A node that changed its key and back and again, one whose key is revoked, and an authority that is trusted."""
    enrol(store, "north", 1, FIRST)
    for before, after in ((FIRST, SECOND), (SECOND, FIRST), (FIRST, SECOND)):
        enrol(store, "north", 1, after, succeeds=before)
    enrol(store, "south", 2, GONE)
    revoke(store, GONE)
    with store.database.writing() as session:
        pem = BUREAU.certificate_pem.decode()
        add_authority(session, fingerprint=sha256(BUREAU), name=SUBJECT, pem=pem, by="operator:li", at=START)
    return store


def test_keys_as_they_were_logged_agree(store: Store) -> None:
    """Enrolment, change of key, revocation and an authority are those of the log."""
    assert store.record_faults() == []
    revoke(store, BUREAU)
    revoke(store, FIRST)
    assert store.record_faults() == []


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        (
            "UPDATE certificates SET revoked = NULL, reason = '' WHERE fingerprint = :gone",
            ["was revoked since 2026-11-23T02:30:05.120Z (the log's leaf 5); it is not marked so"],
        ),
        (
            "UPDATE certificates SET revoked = revoked + 86400000 WHERE fingerprint = :gone",
            ["marked as revoked since 2026-11-24T02:30:05.120Z (密钥泄露); by the log's leaf 5 it was"],
        ),
        ("UPDATE certificates SET reason = 'x' WHERE fingerprint = :gone", ["since 2026-11-23T02:30:05.120Z (x); by"]),
        (
            "UPDATE certificates SET revoked = 1 WHERE fingerprint = :bureau",
            ["Bureau CA is marked as revoked since 1970-01-01T00:00:00.001Z, and no leaf of the log says so"],
        ),
        ("UPDATE certificates SET pem = :foreign_pem WHERE fingerprint = :bureau", ["is another one: its bytes have"]),
        ("UPDATE certificates SET pem = pem || :foreign_pem WHERE fingerprint = :bureau", ["is another one"]),
        ("UPDATE certificates SET pem = pem || :list WHERE fingerprint = :bureau", ["is another one"]),
        ("UPDATE certificates SET pem = 'x' WHERE fingerprint = :second", ["of node north is another one"]),
        (
            "UPDATE certificates SET name = 'south' WHERE fingerprint = :first",
            ["is not the log's leaf 0: changed is name"],
        ),
        ("UPDATE certificates SET added = 1 WHERE fingerprint = :first", ["is not the log's leaf 0: changed is added"]),
        (
            "UPDATE certificates SET kind = 'authority' WHERE fingerprint = :second",
            ["of authority north is not the log's leaf 1: changed is kind"],
        ),
        (
            "UPDATE certificates SET kind = 'log' WHERE fingerprint = :gone",
            ["is not the log's leaf 4: changed is kind"],
        ),
        ("DELETE FROM certificates WHERE fingerprint = :second", ["of node north (the log's leaf 1) is gone"]),
        (
            (
                "INSERT INTO certificates (fingerprint, kind, name, pem, added, reason) "
                "VALUES (:foreign, 'authority', 'CN=Bureau CA', :foreign_pem, 1, '')"
            ),
            ["of authority CN=Bureau CA is in no leaf of the log"],
        ),
        (
            "UPDATE certificates SET fingerprint = :foreign, pem = :foreign_pem WHERE fingerprint = :bureau",
            ["of authority CN=Bureau CA is in no leaf of the log", "CN=Bureau CA (the log's leaf 6) is gone"],
        ),
        (
            "UPDATE nodes SET fingerprint = :first, certificate_pem = :first_pem WHERE name = 'north'",
            [f"{NORTH} differs from the log since its leaf 0: changed is certificate"],
        ),
        (
            "UPDATE nodes SET certificate_pem = :foreign_pem WHERE name = 'north'",
            [f"{NORTH} has another certificate than the one that it is listed with"],
        ),
        ("UPDATE nodes SET number = 7, enrolled = 1 WHERE number = 1", ["changed is enrolled, number"]),
        ("DELETE FROM nodes WHERE name = 'south'", ["node south (the log's leaf 4) is gone"]),
        (
            (
                "INSERT INTO nodes (fingerprint, name, number, certificate_pem, key_id, enrolled) "
                "VALUES (:foreign, 'west', 9, :foreign_pem, 1, 1)"
            ),
            ["node west, number 9, is in no leaf of the log"],
        ),
        (
            "UPDATE log_leaves SET subject = 'node:west' WHERE \"index\" = 4",
            ["leaf 4 is listed as key of node:west at 2026-11-23T02:35:05.120Z, which its bytes do not say"],
        ),
    ],
)
def test_a_rewritten_key_is_found(store: Store, attack: str, said: list[str]) -> None:
    """One sentence names node or authority, certificate, leaf, and what was changed."""
    values = {
        "first": sha256(FIRST),
        "second": sha256(SECOND),
        "gone": sha256(GONE),
        "bureau": sha256(BUREAU),
        "foreign": sha256(FOREIGN),
        "first_pem": FIRST.certificate_pem.decode(),
        "foreign_pem": FOREIGN.certificate_pem.decode(),
        "list": pem_of(make_crl(BUREAU.certificate.subject, FOREIGN.key, 1, START)).decode(),
    }
    store.rewrite(
        attack, **{name: value for name, value in values.items() if f":{name} " in f"{attack} ".replace(",", " ")}
    )
    told = store.record_faults()
    assert len(told) == len(said), told
    for sentence, part in zip(told, said, strict=True):
        assert part in sentence


def test_a_key_that_is_slipped_in_for_a_moment_leaves_a_leaf_that_cannot_follow(store: Store) -> None:
    """A foreign key that is pinned in the table vouches for the next one; the API logs that, and the leaf tells."""
    store.rewrite("UPDATE nodes SET fingerprint = :foreign WHERE name = 'north'", foreign=sha256(FOREIGN))
    third = TestSigner("north")
    enrol(store, "north", 1, third, succeeds=FOREIGN)
    changed, pinned = store.record_faults()
    assert changed.startswith("node north changed its key (the log's leaf 7) from the certificate ")
    assert sha256(FOREIGN) in changed
    assert pinned == f"{NORTH} differs from the log since its leaf 0: changed is certificate"


def test_a_node_that_was_taken_away_and_enrolled_anew_is_found(store: Store) -> None:
    """The API pins whatever certificate comes for a name that is free; the log has the first one."""
    store.rewrite("DELETE FROM nodes WHERE name = 'north'")
    enrol(store, "north", 1, TestSigner("north"))
    assert store.record_faults() == [
        "node north was enrolled once more (the log's leaf 7), as if it had been gone",
        f"{NORTH} differs from the log since its leaf 0: changed is certificate",
    ]


def test_a_revocation_that_is_undone_and_made_anew_is_found(store: Store) -> None:
    """The first one counts: a later one would let in what was sealed between them."""
    store.rewrite("UPDATE certificates SET revoked = NULL WHERE fingerprint = :gone", gone=sha256(GONE))
    later = START + timedelta(days=2)
    with store.database.writing() as session:
        revoke_certificate(session, sha256(GONE), since=later, reason="密钥泄露", by="operator:li", at=later)
    (sentence,) = store.record_faults()
    assert "is marked as revoked since 2026-11-25T02:30:05.120Z" in sentence
    assert "by the log's leaf 5 it was since 2026-11-23T02:30:05.120Z" in sentence
