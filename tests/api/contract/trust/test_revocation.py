"""Lists of revoked certificates by the authorities that issued them: read from files, signed, and what follows."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from api.contract.evidence.report import CheckName, PackageVerdict
from api.contract.evidence.verification import verify_package
from api.contract.trust.revocation import parse_crls
from api.contract.trust.stamp import StampError, read_certificates, sha256_hex
from api.contract.trust.timestamp import check_time_stamp
from api.contract.trust.timestamp_request import TimeStampRequest
from plumewatch.offline import verify_one
from tests.api.contract.authorities import make_authority
from tests.api.contract.sample import TestSigner, make_package, run_verify_sh
from tests.tamper.exhibit import STAMPED, Exhibit, make_exhibit

SUPERSEDED, LEAKED = x509.ReasonFlags.superseded, x509.ReasonFlags.key_compromise


def make_crl(
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    serial: int,
    at: datetime,
    reason: x509.ReasonFlags | None = SUPERSEDED,
    since: datetime | None = None,
) -> x509.CertificateRevocationList:
    """Return a list that names one certificate, revoked at a time, its key in doubt since another."""
    entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
    if reason is not None:
        entry = entry.add_extension(x509.CRLReason(reason), critical=False)
    if since is not None:
        entry = entry.add_extension(x509.InvalidityDate(since), critical=False)
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer).last_update(at)
    builder = builder.next_update(at + timedelta(days=30)).add_revoked_certificate(entry.build())
    return builder.sign(key, hashes.SHA256())


def pem_of(crl: x509.CertificateRevocationList) -> bytes:
    """Return a list as PEM."""
    return crl.public_bytes(serialization.Encoding.PEM)


def crl_for(exhibit: Exhibit, at: datetime, by: TestSigner | None = None, **more: object) -> bytes:
    """Return the list of the exhibit's authority that names its node, PEM."""
    serial = exhibit.node.certificate.serial_number
    authority = by or exhibit.authority
    crl = make_crl(exhibit.authority.certificate.subject, authority.key, serial, at, **more)  # type: ignore[arg-type]
    return pem_of(crl)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Exhibit:
    """A package of a node of the bureau, stamped."""
    return make_exhibit(tmp_path_factory.mktemp("real"))


def test_a_file_holds_none_one_or_several_lists(real: Exhibit) -> None:
    """PEM with other blocks around, or one list in DER; a damaged one is told as such."""
    crl = crl_for(real, STAMPED)
    der = parse_crls(crl)[0].public_bytes(serialization.Encoding.DER)
    assert [len(parse_crls(data)) for data in (b"", real.roots, crl, real.roots + crl + crl, der)] == [0, 0, 1, 2, 1]
    with pytest.raises(StampError, match="cannot be read"):
        parse_crls(der[:-5])
    assert len(read_certificates(real.roots + crl)) == 2, "certificates are read from the same file"


@pytest.mark.parametrize(
    ("at", "since", "holds"),
    [
        (STAMPED + timedelta(days=1), None, True),
        (STAMPED - timedelta(seconds=1), None, False),
        (STAMPED + timedelta(days=1), STAMPED - timedelta(days=1), False),
    ],
    ids=["revoked after the stamp", "revoked before it", "in doubt before it"],
)
def test_a_revoked_node_counts_for_what_was_stamped_before(
    real: Exhibit, tmp_path: Path, at: datetime, since: datetime | None, *, holds: bool
) -> None:
    """As with the site's own list; ``verify.sh`` believes no package of a revoked node."""
    crl = crl_for(real, at, since=since)
    report = verify_package(real.folder, real.roots, crls=parse_crls(crl))
    assert [check.name for check in report.failures] == ([] if holds else [CheckName.IDENTITY])
    roots, listed = tmp_path / "roots.pem", tmp_path / "bureau.crl"
    roots.write_bytes(real.roots)
    listed.write_bytes(crl)
    expected = PackageVerdict.HOLDS if holds else PackageVerdict.BROKEN
    assert expected is verify_one(real.folder, roots, "zh", [listed], as_json=False)[1]
    roots.write_bytes(real.roots + crl)
    text, verdict = verify_one(real.folder, roots, "zh", as_json=False)
    assert verdict is expected, "the list beside the roots counts too"
    assert holds or "吊销" in text
    done = run_verify_sh(real.folder, roots)
    assert done.returncode == 1
    assert "证书已被吊销" in done.stdout


def test_a_list_that_names_others_changes_nothing(real: Exhibit, tmp_path: Path) -> None:
    """Neither verifier minds a list of the same authority without this node."""
    crl = pem_of(make_crl(real.authority.certificate.subject, real.authority.key, 4711, STAMPED))
    report = verify_package(real.folder, real.roots, crls=parse_crls(crl))
    assert report.verdict is PackageVerdict.HOLDS
    roots = tmp_path / "roots.pem"
    roots.write_bytes(real.roots + crl)
    done = run_verify_sh(real.folder, roots)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_a_false_list_is_not_believed(real: Exhibit, tmp_path: Path) -> None:
    """One under the authority's name with another key fails, whether it names the node or not: nobody may hide one."""
    crl = crl_for(real, STAMPED - timedelta(days=1), by=TestSigner("Bureau CA", ca=True))
    report = verify_package(real.folder, real.roots, crls=parse_crls(crl))
    (failure,) = report.failures
    assert failure.sentence.endswith("is not signed by a given authority")
    assert failure.sentence_zh.endswith("的证书吊销列表（CRL）不是由所给机构签署的")
    roots = tmp_path / "roots.pem"
    roots.write_bytes(real.roots + crl)
    assert run_verify_sh(real.folder, roots).returncode == 1


def test_a_revoked_authority_between_node_and_root_is_not_believed(real: Exhibit, tmp_path: Path) -> None:
    """Where the root's own list names the authority that issued the node's certificate, both verifiers refuse it."""
    exhibit = real.copy(tmp_path)
    middle = TestSigner("Issuing CA", issuer=exhibit.authority, ca=True)
    exhibit.node = TestSigner("worker-01", issuer=middle)
    exhibit.write("node.crt", exhibit.node.certificate_pem)
    exhibit.seal()
    serial, other = middle.certificate.serial_number, 4711
    root, roots = exhibit.authority, tmp_path / "roots.pem"
    for named, expected in ((other, 0), (serial, 1)):
        crl = make_crl(root.certificate.subject, root.key, named, STAMPED - timedelta(days=1))
        roots.write_bytes(exhibit.roots + middle.certificate_pem + pem_of(crl))
        assert verify_one(exhibit.folder, roots, "en", as_json=False)[1].exit_code == expected
        assert run_verify_sh(exhibit.folder, roots).returncode == expected


@pytest.mark.parametrize("named", ["tsa.crt", "middle.crt"])
def test_a_stamp_under_a_leaked_authority_is_not_believed(tmp_path: Path, named: str) -> None:
    """Be the one that stamped named or one above it; a ``tsa.crt`` without them does not help: the stamp has them."""
    signer, authority = TestSigner(), make_authority(tmp_path / "tsa", chained=True)
    folder = make_package(tmp_path, signer).folder
    digest = bytes.fromhex(sha256_hex((folder / "SHA256SUMS").read_bytes()))
    answer = authority.answer(TimeStampRequest(digest).to_bytes())
    (folder / "SHA256SUMS.tsr").write_bytes(answer)
    brought = [each.public_bytes(serialization.Encoding.PEM) for each in check_time_stamp(answer, digest).chain]
    by = {"tsa.crt": "middle", "middle.crt": "root"}[named]
    issuer = x509.load_pem_x509_certificate((authority.folder / f"{by}.crt").read_bytes())
    key = serialization.load_pem_private_key((authority.folder / f"{by}.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    serial = x509.load_pem_x509_certificate((authority.folder / named).read_bytes()).serial_number
    roots = tmp_path / "roots.pem"
    for number, sent, expected in (
        (4711, b"".join(brought), 0),
        (serial, b"".join(brought), 1),
        (4711, TestSigner("x").certificate_pem, 1),
    ):
        (folder / "tsa.crt").write_bytes(sent)
        crl = pem_of(make_crl(issuer.subject, key, number, datetime.now(UTC) + timedelta(days=1), LEAKED))
        roots.write_bytes(signer.certificate_pem + authority.root + crl)
        text, verdict = verify_one(folder, roots, "en", as_json=False)
        assert verdict.exit_code == expected, text
        done = run_verify_sh(folder, roots)
        assert (done.returncode, done.stderr) == (expected, ""), done.stdout


@pytest.mark.parametrize(
    ("reason", "days", "holds"),
    [(SUPERSEDED, 1, True), (SUPERSEDED, -1, False), (LEAKED, 1, False), (None, 1, False)],
    ids=["replaced later", "replaced before", "leaked", "without a reason"],
)
def test_a_revoked_time_stamp_authority_is_judged_by_the_reason(
    tmp_path: Path, reason: x509.ReasonFlags | None, days: int, *, holds: bool
) -> None:
    """A key that may have leaked can have stamped any time; one that was merely replaced cannot (RFC 3161, 4)."""
    signer, authority = TestSigner(), make_authority(tmp_path / "tsa")
    folder = make_package(tmp_path, signer).folder
    request = TimeStampRequest(bytes.fromhex(sha256_hex((folder / "SHA256SUMS").read_bytes()))).to_bytes()
    (folder / "SHA256SUMS.tsr").write_bytes(authority.answer(request))
    (folder / "tsa.crt").write_bytes(authority.chain)
    leaf, middle = read_certificates(authority.chain)
    key = serialization.load_pem_private_key((authority.folder / "middle.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    crl = make_crl(middle.subject, key, leaf.serial_number, datetime.now(UTC) + timedelta(days=days), reason)
    report = verify_package(folder, signer.certificate_pem + authority.root, crls=[crl])
    assert [check.name for check in report.failures] == ([] if holds else [CheckName.TIME_STAMP])
