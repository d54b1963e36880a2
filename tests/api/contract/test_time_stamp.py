"""Time stamps in packages: both verifiers check one that is there, with a test authority made by openssl."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.contract.evidence.report import CheckName, Outcome
from api.contract.evidence.verification import verify_package
from api.contract.trust.stamp import sha256_hex
from api.contract.trust.timestamp_request import TimeStampRequest
from tests.api.contract.authorities import OpensslAuthority, make_authority
from tests.api.contract.sample import TestSigner, make_package, run_verify_sh


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> OpensslAuthority:
    """An authority under a root."""
    return make_authority(tmp_path_factory.mktemp("tsa") / "a")


def stamp(authority: OpensslAuthority, data: Path, package: Path) -> None:
    """Put a time stamp of `data` into `package`."""
    request = TimeStampRequest(bytes.fromhex(sha256_hex(data.read_bytes()))).to_bytes()
    (package / "SHA256SUMS.tsr").write_bytes(authority.answer(request))
    (package / "tsa.crt").write_bytes(authority.chain)


def test_a_time_stamp_of_a_known_authority_holds(tmp_path: Path, authority: OpensslAuthority) -> None:
    """With the authority's root among the verifier's roots both say so, and name the time."""
    signer = TestSigner()
    folder = make_package(tmp_path, signer).folder
    stamp(authority, folder / "SHA256SUMS", folder)
    roots = tmp_path / "roots.pem"
    roots.write_bytes(signer.certificate_pem + authority.root)
    report = verify_package(folder, roots.read_bytes())
    done = run_verify_sh(folder, roots)
    assert (report.ok, report.tsa, done.returncode) == (True, "ok", 0)
    assert "可信时间戳" in done.stdout
    assert "GMT" in done.stdout


def test_without_roots_a_time_stamp_is_compared_but_not_trusted(tmp_path: Path, authority: OpensslAuthority) -> None:
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
    tmp_path: Path, authority: OpensslAuthority, fault: str, with_roots: bool
) -> None:
    """A stamp of something else, a damaged one or one without its certificate fails; a strange authority with roots."""
    signer = TestSigner()
    folder = make_package(tmp_path, signer).folder
    stamp(authority, folder / ("manifest.json" if fault == "other list" else "SHA256SUMS"), folder)
    roots = tmp_path / "roots.pem"
    roots.write_bytes(signer.certificate_pem + authority.root)
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


def test_a_package_made_after_it_was_stamped_is_refused(tmp_path: Path, authority: OpensslAuthority) -> None:
    """A node whose clock runs ahead of the authority, or a stamp carried over from earlier, is seen by both."""
    signer = TestSigner()
    roots = tmp_path / "roots.pem"
    roots.write_bytes(signer.certificate_pem + authority.root)
    for ahead_s, holds in ((30, True), (600, False)):
        parent = tmp_path / str(ahead_s)
        folder = make_package(parent, signer, created_utc=datetime.now(UTC) + timedelta(seconds=ahead_s)).folder
        stamp(authority, folder / "SHA256SUMS", folder)
        report = verify_package(folder, roots.read_bytes())
        assert (report.ok, run_verify_sh(folder, roots).returncode) == (holds, 0 if holds else 1), report.failures
        assert [check.name for check in report.failures] == ([] if holds else [CheckName.TIME_STAMP])
