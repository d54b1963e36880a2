"""Attacks on when a package was made: time-stamps and clocks."""

from datetime import timedelta

from api.contract.evidence.report import CheckName
from api.contract.trust.der import encode_time
from api.contract.trust.stamp import sha256_hex
from api.contract.trust.timestamp_request import TimeStampRequest
from api.trust.authority import SiteAuthority
from api.trust.keys import SiteKey, open_site_keys
from tests.api.contract.sample import FOR_STAMPS, START, TestSigner
from tests.tamper.attack import Attacks, edit_manifest, other, strip
from tests.tamper.exhibit import CHECKED, MADE, STAMPED, Exhibit

attack = Attacks()


def stamp_by(e: Exhibit, signer: TestSigner) -> None:
    """Put a time-stamp beside the package that somebody's own key made."""
    request = TimeStampRequest(bytes.fromhex(sha256_hex(e.sums))).to_bytes()
    authority = SiteAuthority(SiteKey(signer.key, signer.certificate), lambda: MADE)
    e.write("SHA256SUMS.tsr", authority.answer(request))
    e.write("tsa.crt", signer.certificate_pem)


# Time-stamps


@attack("time-stamps", "the stamp of another package", CheckName.TIME_STAMP)
def _(e: Exhibit) -> None:
    e.write("SHA256SUMS.tsr", other(e).read("SHA256SUMS.tsr"))


@attack("time-stamps", "a stamp of a false authority", CheckName.TIME_STAMP)
def _(e: Exhibit) -> None:
    e.stamp(open_site_keys(e.folder.parent / "false", "", START - timedelta(days=1)))


@attack("time-stamps", "the stamp's time changed", CheckName.TIME_STAMP)
def _(e: Exhibit) -> None:
    e.replace("SHA256SUMS.tsr", encode_time(STAMPED), encode_time(STAMPED - timedelta(days=20)))


@attack("time-stamps", "a stamp by a key that is not for stamps", CheckName.TIME_STAMP)
def _(e: Exhibit) -> None:
    request = TimeStampRequest(bytes.fromhex(sha256_hex(e.sums))).to_bytes()
    e.write("SHA256SUMS.tsr", SiteAuthority(e.keys.log, lambda: STAMPED).answer(request))
    e.write("tsa.crt", e.keys.log.pem)


@attack("time-stamps", "a stamp of an authority whose certificate had ended", CheckName.TIME_STAMP)
def _(e: Exhibit) -> None:
    late = e.keys.stamps.certificate.not_valid_after_utc + timedelta(days=1)
    request = TimeStampRequest(bytes.fromhex(sha256_hex(e.sums))).to_bytes()
    e.write("SHA256SUMS.tsr", SiteAuthority(e.keys.stamps, lambda: late).answer(request))


@attack("time-stamps", "a refusal in the place of a stamp", CheckName.TIME_STAMP)
def _(e: Exhibit) -> None:
    e.write("SHA256SUMS.tsr", bytes.fromhex("30053003020102"))


@attack("time-stamps", "a bit of the certificate that comes in the stamp", CheckName.TIME_STAMP)
def _(e: Exhibit) -> None:
    e.flip("SHA256SUMS.tsr", e.read("SHA256SUMS.tsr").rindex(b"site time-stamps"))


@attack("time-stamps", "a bit of the authority's certificate beside the stamp that brings it", CheckName.TIME_STAMP)
def _(e: Exhibit) -> None:
    e.flip("tsa.crt", len(e.read("tsa.crt")) // 2)


@attack("time-stamps", "the authority's certificate replaced", CheckName.LOG, by_script=True)
def _(e: Exhibit) -> None:
    request = TimeStampRequest(bytes.fromhex(sha256_hex(e.read("checkpoint.txt"))), with_certificate=False).to_bytes()
    e.write("checkpoint.tsr", SiteAuthority(e.keys.stamps, lambda: CHECKED).answer(request))
    e.write("tsa.crt", open_site_keys(e.folder.parent / "false", "", START).stamps.pem)


@attack("time-stamps", "something hidden behind the stamp", CheckName.TIME_STAMP)
def _(e: Exhibit) -> None:
    e.write("SHA256SUMS.tsr", e.read("SHA256SUMS.tsr") + b"hidden")


@attack("time-stamps", "something hidden behind the checkpoint's stamp", CheckName.LOG)
def _(e: Exhibit) -> None:
    e.write("checkpoint.tsr", e.read("checkpoint.tsr") + b"hidden")


@attack("time-stamps", "a damaged certificate beside the authority's", CheckName.TIME_STAMP, CheckName.LOG)
def _(e: Exhibit) -> None:
    damaged = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    e.write("tsa.crt", e.read("tsa.crt") + damaged)


@attack(
    "time-stamps", "a node whose own certificate is for time-stamps stamps itself, dated back", CheckName.TIME_STAMP
)
def _(e: Exhibit) -> None:
    e.enrol(TestSigner("worker-02", extensions=(FOR_STAMPS,)))
    strip(e)
    e.sign(e.node)
    stamp_by(e, e.node)


@attack("time-stamps", "a node whose own certificate may issue others makes itself an authority", CheckName.TIME_STAMP)
def _(e: Exhibit) -> None:
    e.enrol(TestSigner("worker-02", ca=True))
    strip(e)
    e.sign(e.node)
    stamp_by(e, TestSigner("Time-stamps", issuer=e.node, extensions=(FOR_STAMPS,)))


# Clocks


@attack("clocks", "made after it was stamped: the node's clock ahead, or an old stamp", CheckName.TIME_STAMP)
def _(e: Exhibit) -> None:
    e.stamp(at=MADE - timedelta(hours=2))


@attack("clocks", "logged before it was made: a checkpoint with the clock set back", CheckName.LOG)
def _(e: Exhibit) -> None:
    e.log(at=MADE - timedelta(hours=2))


@attack("clocks", "the whole package dated back before its node's certificate", CheckName.IDENTITY)
def _(e: Exhibit) -> None:
    edit_manifest(e, created_utc="2026-10-01T08:00:00.000Z")
    e.sign()
    e.stamp()
    e.log()
