"""Time stamps in packages: both verifiers check one that is there, with a test authority made by openssl."""

import subprocess
from pathlib import Path

import pytest

from api.contract.report import CheckName, Outcome
from api.contract.verification import verify_package
from tests.api.contract.sample import TestSigner, make_package, run_verify_sh

CONFIG = """
[ tsa ]
default_tsa = tsa1
[ tsa1 ]
serial = ./serial
crypto_device = builtin
signer_cert = ./tsa.crt
signer_key = ./tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[ tsa_ext ]
basicConstraints=CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=critical,timeStamping
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a root (``root.crt``) and a time-stamp authority under it."""
    folder = tmp_path_factory.mktemp("tsa")
    (folder / "tsa.cnf").write_text(CONFIG)
    (folder / "serial").write_text("01\n")
    new_key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    extended = "-days 3650 -extfile tsa.cnf -extensions tsa_ext"
    for command in (
        f"openssl req -x509 {new_key} -keyout root.key -out root.crt -subj /CN=TestRoot -days 3650",
        f"openssl req {new_key} -keyout tsa.key -out tsa.csr -subj /CN=TestTSA",
        f"openssl x509 -req -in tsa.csr -CA root.crt -CAkey root.key -CAcreateserial -out tsa.crt {extended}",
    ):
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder


def stamp(authority: Path, data: Path, package: Path) -> None:
    """Put a time stamp of `data` into `package`."""
    for command in (
        ["openssl", "ts", "-query", "-data", str(data), "-sha256", "-cert", "-out", "q.tsq"],
        ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-section", "tsa1", "-queryfile", "q.tsq", "-out", "a.tsr"],
    ):
        subprocess.run(command, cwd=authority, check=True, capture_output=True)
    (package / "SHA256SUMS.tsr").write_bytes((authority / "a.tsr").read_bytes())
    (package / "tsa.crt").write_bytes((authority / "tsa.crt").read_bytes())


def test_a_time_stamp_of_a_known_authority_holds(tmp_path: Path, authority: Path) -> None:
    """With the authority's root among the verifier's roots both say so, and name the time."""
    signer = TestSigner()
    folder = make_package(tmp_path, signer).folder
    stamp(authority, folder / "SHA256SUMS", folder)
    roots = tmp_path / "roots.pem"
    roots.write_bytes(signer.certificate_pem + (authority / "root.crt").read_bytes())
    report = verify_package(folder, roots.read_bytes())
    done = run_verify_sh(folder, roots)
    assert (report.ok, report.tsa, done.returncode) == (True, "ok", 0)
    assert "可信时间戳" in done.stdout
    assert "GMT" in done.stdout


def test_without_roots_a_time_stamp_is_compared_but_not_trusted(tmp_path: Path, authority: Path) -> None:
    """It must still be a stamp of this list; who made it stays open, and both say so."""
    folder = make_package(tmp_path, TestSigner()).folder
    stamp(authority, folder / "SHA256SUMS", folder)
    report = verify_package(folder)
    done = run_verify_sh(folder)
    assert (report.ok, report.tsa, done.returncode) == (True, "unchecked", 0)
    assert {c.name: c.outcome for c in report.checks}[CheckName.TIME_STAMP] is Outcome.SKIPPED
    assert "authority not checked" in done.stdout


@pytest.mark.parametrize("with_roots", [True, False])
@pytest.mark.parametrize("fault", ["other list", "damaged", "no certificate", "unknown authority"])
def test_a_time_stamp_that_does_not_hold_fails_the_package(
    tmp_path: Path, authority: Path, fault: str, with_roots: bool
) -> None:
    """A stamp of something else, a damaged one or one without its certificate fails; a strange authority with roots."""
    signer = TestSigner()
    folder = make_package(tmp_path, signer).folder
    stamp(authority, folder / ("manifest.json" if fault == "other list" else "SHA256SUMS"), folder)
    roots = tmp_path / "roots.pem"
    roots.write_bytes(signer.certificate_pem + (authority / "root.crt").read_bytes())
    if fault == "damaged":
        data = bytearray((folder / "SHA256SUMS.tsr").read_bytes())
        data[-5] ^= 1
        (folder / "SHA256SUMS.tsr").write_bytes(data)
    elif fault == "no certificate":
        (folder / "tsa.crt").unlink()
    elif fault == "unknown authority":
        roots.write_bytes(signer.certificate_pem)
    report = verify_package(folder, roots.read_bytes() if with_roots else None)
    done = run_verify_sh(folder, *([roots] if with_roots else []))
    holds = fault == "unknown authority" and not with_roots
    assert (report.ok, done.returncode) == (holds, 0 if holds else 1), (report.failures, done.stdout)
    if not holds:
        assert [check.name for check in report.failures] == [CheckName.TIME_STAMP]
