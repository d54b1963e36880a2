"""A node's key and certificate are replaced without losing either, and the old key vouches for the new."""

import json
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from api.contract.trust.stamp import read_certificate, signature_holds
from api.contract.trust.succession import succeeds
from tests.api.contract.sample import TestSigner
from tests.vision.evidence.test_node import NOW, folder, reopen
from vision.evidence.node import NodeError, NodeIdentity

__all__ = ["folder"]


def issued(node: NodeIdentity, authority: TestSigner) -> bytes:
    """Return the certificate that an authority issues for a node's request."""
    request = x509.load_pem_x509_csr(node.request())
    assert request.is_signature_valid
    made = TestSigner(node.name, issuer=authority)
    builder = x509.CertificateBuilder(
        made.certificate.issuer, request.subject, request.public_key(), 7, NOW, made.certificate.not_valid_after_utc
    )
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_the_request_is_one_that_openssl_reads(folder: Path, tmp_path: Path) -> None:
    """It names the node and is signed with its key."""
    node = reopen(folder)
    (tmp_path / "node.csr").write_bytes(node.request())
    node.close()
    done = subprocess.run(
        ["openssl", "req", "-in", tmp_path / "node.csr", "-noout", "-verify", "-subject"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "CN=worker-01" in done.stdout.replace(" ", "")
    assert "self-signature verify OK" in done.stdout + done.stderr


def test_a_new_key_and_then_an_issued_certificate(folder: Path) -> None:
    """Both are there after a restart; what is signed holds under the newest; the first certificate leads to it."""
    node = reopen(folder)
    first = read_certificate(node.certificate_pem)
    node.rotate(NOW)
    second = read_certificate(node.certificate_pem)
    assert second.public_key() != first.public_key()
    authority = TestSigner("Bureau CA", ca=True)
    node.succeed(issued(node, authority), now=NOW)
    node.close()
    again = reopen(folder)
    third = read_certificate(again.certificate_pem)
    assert third.public_key() == second.public_key()
    assert third.issuer == authority.certificate.subject
    assert signature_holds(third, b"list", again.sign(b"list"))
    assert succeeds(first, again.successions, third)
    assert succeeds(second, again.successions, third)
    assert not succeeds(third, again.successions, third)
    assert not succeeds(read_certificate(TestSigner().certificate_pem), again.successions, third)
    assert not succeeds(first, again.successions[1:], third)
    again.close()


def test_a_certificate_that_is_not_the_nodes_is_refused(folder: Path) -> None:
    """Of another key, of another time, or none at all: the node stays as it is."""
    node = reopen(folder)
    before = node.certificate_pem
    for pem, sentence in (
        (TestSigner().certificate_pem, "is for another key"),
        (issued(node, TestSigner("CA", ca=True)), "not valid now"),
        (b"letter", "no certificate for a node"),
    ):
        with pytest.raises(NodeError, match=sentence):
            node.succeed(pem, now=NOW.replace(year=2036))
    assert node.certificate_pem == before
    node.close()


def test_a_cut_while_a_key_is_replaced_loses_neither(folder: Path) -> None:
    """Whichever of the files the cut left old, the next start finishes what was begun."""
    old = {name: (folder / name).read_bytes() for name in ("node.key", "node.crt")}
    node = reopen(folder)
    node.rotate(NOW)
    node.close()
    new = {name: (folder / name).read_bytes() for name in ("node.key", "node.crt", "successions.json")}
    document = {
        "key": new["node.key"].decode(),
        "certificate": new["node.crt"].decode(),
        "successions": json.loads(new["successions.json"])["successions"],
    }
    for done in range(3):
        for name, data in {**new, **dict(list(old.items())[done:])}.items():
            (folder / name).write_bytes(data)
        if not done:
            (folder / "successions.json").unlink()
        (folder / "next.json").write_text(json.dumps(document))
        (folder / "next.json").chmod(0o600)
        again = reopen(folder)
        assert again.certificate_pem == new["node.crt"]
        assert len(again.successions) == 1
        again.close()
        assert {name: (folder / name).read_bytes() for name in new} == new
        assert not (folder / "next.json").exists()
