"""The node's SM2 key: made once, kept private, refused when it cannot be used."""

import subprocess
from pathlib import Path

import pytest

from api.contract.evidence.package import SM2_CERTIFICATE, SM2_SIGNATURE
from api.contract.evidence.report import CheckName, Outcome
from api.contract.evidence.verification import verify_package
from api.contract.trust import sm2
from api.contract.trust.stamp import StampError
from tests.api.contract.sample import TestSigner, make_package
from vision.evidence.node import NodeError
from vision.evidence.sm2_key import CERTIFICATE, KEY, Sm2Key

pytestmark = pytest.mark.skipif(not sm2.knows_sm2(), reason="the openssl of this machine knows no SM2")


def test_a_key_is_made_once_and_signs_what_openssl_verifies(tmp_path: Path) -> None:
    """The second opening finds the first one's key, mode 0600; openssl alone takes the signature, and not another's."""
    first = Sm2Key.open(tmp_path, "worker-01")
    again = Sm2Key.open(tmp_path, "worker-01")
    assert (tmp_path / KEY).stat().st_mode & 0o777 == 0o600
    assert again.certificate_pem == first.certificate_pem == (tmp_path / CERTIFICATE).read_bytes()
    assert [path.name for path in sorted(tmp_path.iterdir())] == [CERTIFICATE, KEY]
    (tmp_path / "data").write_bytes(b"list")
    (tmp_path / "signature").write_bytes(again.sign(b"list"))
    public = subprocess.run(
        ["openssl", "x509", "-in", str(tmp_path / CERTIFICATE), "-noout", "-pubkey"], capture_output=True, check=True
    ).stdout
    (tmp_path / "public").write_bytes(public)
    command = ["openssl", "dgst", "-sm3", "-verify", "public", "-sigopt", "distid:1234567812345678"]
    command += ["-signature", "signature", "data"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    (tmp_path / "data").write_bytes(b"other")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode != 0


def test_a_package_is_signed_twice_where_a_site_wants_it(tmp_path: Path) -> None:
    """Certificate listed, signature beside the list, in the node's name; without the option neither is there."""
    key = Sm2Key.open(tmp_path, "worker-01")
    node = TestSigner("worker-01")
    folder = make_package(tmp_path / "twice", node, sm2=key).folder
    report = verify_package(folder, node.certificate_pem)
    (check,) = [check for check in report.checks if check.name is CheckName.SM2]
    assert (report.ok, check.outcome) == (True, Outcome.OK)
    assert "CN=worker-01" in check.sentence
    once = make_package(tmp_path / "once", node).folder
    assert not {SM2_CERTIFICATE, SM2_SIGNATURE} & {path.name for path in once.iterdir()}
    assert CheckName.SM2 not in {check.name for check in verify_package(once, node.certificate_pem).checks}


def test_a_key_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    """Others may read it, another key's certificate, no key at all: one sentence that names the file."""
    Sm2Key.open(tmp_path, "worker-01")
    (tmp_path / KEY).chmod(0o640)
    with pytest.raises(NodeError, match="chmod 600"):
        Sm2Key.open(tmp_path, "worker-01")
    (tmp_path / KEY).unlink()
    with pytest.raises(NodeError, match="is not the certificate of"):
        Sm2Key.open(tmp_path, "worker-01")
    (tmp_path / KEY).write_text("nothing")
    (tmp_path / KEY).chmod(0o600)
    with pytest.raises(NodeError, match="cannot be used"):
        Sm2Key.open(tmp_path, "worker-01")


def test_without_sm2_in_openssl_the_worker_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not start with a promise that it cannot keep."""
    monkeypatch.setenv("PATH", str(tmp_path))
    sm2.knows_sm2.cache_clear()
    try:
        with pytest.raises(NodeError, match="needs an openssl with SM2"):
            Sm2Key.open(tmp_path / "node", "worker-01")
    finally:
        sm2.knows_sm2.cache_clear()


def test_the_vector_of_the_standard_holds() -> None:
    """GB/T 32918.5-2017, annex A: a signature made elsewhere is taken, and one bit off is not."""
    x = "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    y = "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
    r = "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    s = "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
    spki = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004" + x + y)
    signature = bytes.fromhex("3046022100" + r + "022100" + s)
    pem = subprocess.run(["openssl", "pkey", "-pubin", "-inform", "DER"], input=spki, capture_output=True, check=True)
    assert sm2._verified(pem.stdout, b"message digest", signature)
    assert not sm2._verified(pem.stdout, b"message digesT", signature)


def test_a_certificate_of_another_curve_is_refused() -> None:
    """A P-256 certificate is no SM2 one, whatever its name."""
    with pytest.raises(StampError, match="is not SM2"):
        sm2.read_sm2_certificate(TestSigner("worker-01").certificate_pem)
