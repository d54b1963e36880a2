"""The node's identity: made once, kept private, refused when damaged; lead ids are never given twice."""

import re
import stat
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from api.contract.trust.stamp import read_certificate, signature_holds
from api.contract.wire.identifiers import LEAD_ID_PATTERN
from vision.durable import StorageError
from vision.evidence.node import NodeError, NodeIdentity

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
DAY = date(2026, 11, 23)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A node folder that has been used once and closed."""
    identity = NodeIdentity.open(tmp_path / "node", "worker-01", NOW)
    identity.close()
    return tmp_path / "node"


def reopen(folder: Path, name: str | None = None) -> NodeIdentity:
    return NodeIdentity.open(folder, name, NOW)


def test_the_first_start_makes_a_private_key_and_a_certificate(folder: Path) -> None:
    """Folder 0700, key 0600; the certificate names the node, is no authority, and is its own root for OpenSSL."""
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "node.key").stat().st_mode) == 0o600
    certificate = read_certificate((folder / "node.crt").read_bytes())
    assert certificate.subject.rfc4514_string() == "CN=worker-01"
    assert certificate.not_valid_after_utc == datetime(2028, 11, 22, 2, 0, tzinfo=UTC)
    moment = str(int(NOW.timestamp()))
    done = subprocess.run(
        ["openssl", "verify", "-attime", moment, "-CAfile", "node.crt", "node.crt"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "node.crt: OK\n")
    text = subprocess.run(
        ["openssl", "x509", "-in", folder / "node.crt", "-noout", "-text"], capture_output=True, text=True, check=True
    ).stdout
    assert "CA:FALSE" in text
    assert re.search(r"Key Usage: critical\n\s+Digital Signature\n", text)


def test_a_later_start_finds_the_same_identity(folder: Path) -> None:
    """Name, number and key stay; what it signs holds under its certificate."""
    before = (folder / "node.key").read_bytes(), (folder / "node.crt").read_bytes(), (folder / "node.json").read_bytes()
    identity = reopen(folder)
    assert identity.name == "worker-01"
    assert 0 <= identity.number <= 999
    assert signature_holds(read_certificate(identity.certificate_pem), b"list", identity.sign(b"list"))
    identity.close()
    assert before == tuple((folder / name).read_bytes() for name in ("node.key", "node.crt", "node.json"))


def damage_key(folder: Path) -> None:
    (folder / "node.key").write_bytes((folder / "node.key").read_bytes()[:60])


def put_other_curve(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    (folder / "node.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def put_other_certificate(folder: Path) -> None:
    other = NodeIdentity.open(folder.parent / "other", "worker-02", NOW)
    other.close()
    (folder / "node.crt").write_bytes(other.certificate_pem)


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "folder open to others": (lambda f: f.chmod(0o750), "chmod 700"),
    "key open to others": (lambda f: (f / "node.key").chmod(0o640), "chmod 600"),
    "key damaged": (damage_key, "node.key is damaged"),
    "key emptied": (lambda f: (f / "node.key").write_bytes(b""), "node.key is damaged"),
    "key gone": (lambda f: (f / "node.key").unlink(), "node.key is missing"),
    "key on another curve": (put_other_curve, "P-256"),
    "certificate damaged": (lambda f: (f / "node.crt").write_bytes(b"x"), "node.crt is damaged"),
    "certificate of another key": (put_other_certificate, "is not the certificate of"),
    "facts damaged": (lambda f: (f / "node.json").write_bytes(b"{"), "node.json is damaged"),
    "number out of range": (
        lambda f: (f / "node.json").write_bytes(b'{"name":"worker-01","number":1000}'),
        "number 0-999",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_an_identity_that_cannot_be_trusted_is_refused(folder: Path, name: str) -> None:
    """One sentence says what is wrong; nothing is repaired or made anew behind the operator's back."""
    spoil, reason = FAULTS[name]
    spoil(folder)
    with pytest.raises(NodeError, match=reason):
        reopen(folder)


def test_another_name_is_refused(folder: Path, tmp_path: Path) -> None:
    """A folder belongs to one node, and a name must be one that certificates and paths can hold."""
    with pytest.raises(NodeError, match="belongs to the node 'worker-01'"):
        reopen(folder, "worker-02")
    with pytest.raises(NodeError, match="first start"):
        reopen(tmp_path / "new", "a/b")


def test_a_node_without_a_name_has_its_machines(tmp_path: Path) -> None:
    """The first start without a name takes the machine's, and keeps it."""
    first = reopen(tmp_path / "new")
    first.close()
    again = reopen(tmp_path / "new")
    again.close()
    assert again.name == first.name
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", first.name)


def test_a_start_that_was_cut_off_is_completed(tmp_path: Path) -> None:
    """Whatever a killed first start left (facts, facts and key, half a file) the next start goes on from there."""
    whole = NodeIdentity.open(tmp_path / "node", "worker-01", NOW)
    whole.close()
    (tmp_path / "node" / "node.crt").unlink()
    (tmp_path / "node" / "node.crt.partial").write_bytes(b"-----BEGIN")
    again = reopen(tmp_path / "node", "worker-01")
    again.close()
    assert (again.number, again.sign(b"x")) == (whole.number, whole.sign(b"x"))
    assert not (tmp_path / "node" / "node.crt.partial").exists()


def test_one_process_holds_a_folder(folder: Path) -> None:
    """Two holders could give the same lead id twice."""
    first = reopen(folder)
    with pytest.raises(NodeError, match="in use by another process"):
        reopen(folder)
    first.close()
    first.close()
    reopen(folder).close()


def test_lead_ids_count_by_day_and_fit_the_wire_pattern(folder: Path) -> None:
    """Ids carry day, node number and a count that goes on after a restart, past 999, and when a day comes again."""
    identity = reopen(folder)
    number = f"{identity.number:03d}"
    assert identity.next_lead_id(DAY) == f"L20261123-{number}001"
    assert identity.next_lead_id(date(2026, 11, 24)) == f"L20261124-{number}001"
    assert identity.next_lead_id(DAY) == f"L20261123-{number}002"
    identity.close()
    (folder / "leads.json").write_bytes(b'{"20261123":998}')
    identity = reopen(folder)
    ids = [identity.next_lead_id(DAY) for _ in range(3)]
    identity.close()
    assert ids == [f"L20261123-{number}{count}" for count in ("999", "1000", "1001")]
    assert all(re.fullmatch(LEAD_ID_PATTERN, lead_id) for lead_id in ids)


def test_a_damaged_counter_gives_no_id(folder: Path) -> None:
    """Guessing a counter could give an id twice, so a damaged one is an error."""
    identity = reopen(folder)
    for content in (b"", b"[]", b'{"20261123":"7"}', b'{"20261123":-1}'):
        (folder / "leads.json").write_bytes(content)
        with pytest.raises(NodeError, match="is damaged"):
            identity.next_lead_id(DAY)
    identity.close()


def test_no_id_is_given_when_the_disk_does_not_take_the_counter(folder: Path) -> None:
    """The id is returned after its counter is on disk, never before."""
    identity = reopen(folder)
    identity.next_lead_id(DAY)
    (folder / "leads.json.partial").mkdir()
    with pytest.raises(StorageError):
        identity.next_lead_id(DAY)
    (folder / "leads.json.partial").rmdir()
    assert identity.next_lead_id(DAY).endswith("002")
    identity.close()
