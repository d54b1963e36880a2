"""Site proofs: the check of what a site adds to a package that it has filed: a time stamp, and a place in its log."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from api.contract.evidence.manifest import Manifest
from api.contract.evidence.package import (
    CHECKPOINT,
    CHECKPOINT_SIGNATURE,
    CHECKPOINT_TIME_STAMP,
    LOG_CERTIFICATE,
    LOG_FILES,
    LOG_PROOF,
    TIME_STAMP,
    TSA_CERTIFICATE,
    PackageFiles,
    read_present,
)
from api.contract.evidence.report import Check, CheckName, Outcome
from api.contract.trust.checkpoint import check_log_certificate, check_log_proof, parse_checkpoint, parse_log_proof
from api.contract.trust.revocation import Revocations
from api.contract.trust.stamp import (
    StampError,
    exact_certificates,
    fingerprint,
    read_certificate,
    sha256_hex,
    signature_holds,
)
from api.contract.trust.timestamp import TimeStamp, TimeStampKind, check_time_stamp
from api.contract.wire.moment import rfc3339

CLOCK_ALLOWANCE = timedelta(seconds=60)
"""How far a node's clock and an authority's may differ before the package's own time is disbelieved."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """
    What a node sealed, as far as it could be read.

    Attributes:
        sums: bytes of ``SHA256SUMS``; empty: not read.

        manifest: ``None``: not readable.

        certificate: the node's; ``None``: not readable.
    """

    sums: bytes
    manifest: Manifest | None
    certificate: x509.Certificate | None


@dataclass(slots=True)
class SiteProofs:
    """
    The check of one package's site proofs, and what it found so far.

    Attributes:
        anchors: certificates that the verifier trusts; ``None``: none given, so that authorities are not checked.

        tsa, log: ``none``, ``fail``, ``unchecked`` or ``ok``.

        stamp: the package's own time stamp, once it fits.

        log_index: the package's leaf in the log, once its proof fits.
    """

    package: PackageFiles
    anchors: list[x509.Certificate] | None
    revocations: Revocations
    tsa: str = "none"
    stamp: TimeStamp | None = None
    log: str = "none"
    log_index: int | None = None

    def check_stamp(self, sealed: Sealed) -> Check | str:
        """Check the time stamp over ``SHA256SUMS``; raise a `ContractError` with what does not hold."""
        if TIME_STAMP not in self.package.sizes:
            if TSA_CERTIFICATE in self.package.sizes and CHECKPOINT_TIME_STAMP not in self.package.sizes:
                raise StampError("tsa.crt is there without a time stamp")
            if _is_promised(sealed.manifest, "time_stamp"):
                sentence = "tsa: missing; its site stamps every package: not stamped yet, or the stamp was taken away"
                return Check(CheckName.TIME_STAMP, Outcome.MISSING, sentence)
            sentence = "tsa: none; the times in the package are the node's own claim"
            return Check(CheckName.TIME_STAMP, Outcome.SKIPPED, sentence)
        self.tsa = "fail"
        stamp, sent = self._stamp_of(sealed.sums, TIME_STAMP, sealed.certificate)
        self.revocations.check_stands(stamp.certificate, stamp.gen_time, (*stamp.chain, *sent))
        self.stamp = stamp
        _made_before(sealed.manifest, stamp.gen_time, "it was stamped")
        when = f"existed at {rfc3339(stamp.gen_time)}, stamped by {stamp.authority}"
        if self.anchors is None:
            self.tsa = "unchecked"
            sentence = f"the time stamp fits: SHA256SUMS {when}; the authority was not checked: no roots given"
            return Check(CheckName.TIME_STAMP, Outcome.SKIPPED, sentence)
        self.tsa = "ok"
        whose = (
            "the site's own authority, a weaker proof" if stamp.kind is TimeStampKind.OWN else "an outside authority"
        )
        return f"SHA256SUMS {when} ({whose})"

    def _stamp_of(
        self, stamped: bytes, name: str, node: x509.Certificate | None
    ) -> tuple[TimeStamp, list[x509.Certificate]]:
        """Return the stamp in the file `name` for these bytes, and the certificates of tsa.crt: all that it brings."""
        sent = exact_certificates(read_present(self.package, TSA_CERTIFICATE), TSA_CERTIFICATE)
        digest = bytes.fromhex(sha256_hex(stamped))
        stamp = check_time_stamp(read_present(self.package, name), digest, certificates=sent, roots=self._above(node))
        if not set(stamp.chain) <= set(sent):
            raise StampError(f"{name} holds a certificate that tsa.crt does not")
        return stamp, sent

    def check_log(self, sealed: Sealed) -> Check | str:
        """Check that the site's log holds the package; raise a `ContractError` with what does not hold."""
        there = LOG_FILES & set(self.package.sizes)
        if not there and _is_promised(sealed.manifest, "log"):
            sentence = "log: missing; its site logs every package: not filed yet, or the proof was taken away"
            return Check(CheckName.LOG, Outcome.MISSING, sentence)
        if not there:
            return Check(CheckName.LOG, Outcome.SKIPPED, "log: none; no proof that the site's log holds the package")
        self.log = "fail"
        proof = parse_log_proof(read_present(self.package, LOG_PROOF))
        text = read_present(self.package, CHECKPOINT)
        checkpoint = parse_checkpoint(text)
        check_log_proof(proof, checkpoint, sealed.sums)
        certificate = read_certificate(read_present(self.package, LOG_CERTIFICATE))
        exact_certificates(read_present(self.package, LOG_CERTIFICATE), LOG_CERTIFICATE)
        if not signature_holds(certificate, text, read_present(self.package, CHECKPOINT_SIGNATURE)):
            raise StampError("checkpoint.sig is not the signature of log.crt's key over checkpoint.txt")
        at, when = certificate.not_valid_before_utc, "its checkpoint has no time stamp"
        stamped: datetime | None = None
        if CHECKPOINT_TIME_STAMP in self.package.sizes:
            stamp, sent = self._stamp_of(text, CHECKPOINT_TIME_STAMP, sealed.certificate)
            _made_before(sealed.manifest, stamp.gen_time, "a checkpoint that holds it was stamped")
            self.revocations.check_stands(stamp.certificate, stamp.gen_time, (*stamp.chain, *sent))
            stamped = stamp.gen_time
            at, when = stamp.gen_time, f"its checkpoint was stamped at {rfc3339(stamp.gen_time)}"
        self.revocations.check_stands(certificate, stamped)
        self.log_index = proof.index
        sentence = f"the package is leaf {proof.index} of {proof.tree_size} in the log {checkpoint.origin}; {when}"
        if self.anchors is not None:
            check_log_certificate(certificate, proof.log_id, self._above(sealed.certificate) or (), at)
        self.log = "unchecked" if self.anchors is None else "ok"
        if stamped is None and _is_promised(sealed.manifest, "time_stamp"):
            missing = f"{sentence}: its site stamps every checkpoint; not stamped yet, or the stamp was taken away"
            return Check(CheckName.LOG, Outcome.MISSING, missing)
        if self.anchors is None:
            unchecked = f"{sentence}; whose log it is was not checked: no roots given"
            return Check(CheckName.LOG, Outcome.SKIPPED, unchecked)
        return sentence

    def _above(self, node: x509.Certificate | None) -> list[x509.Certificate] | None:
        """The roots that may prove times and the log: not the package's own node, and none that was revoked."""
        if self.anchors is None:
            return None
        return [each for each in self.anchors if each != node and fingerprint(each) not in self.revocations.known]


def _is_promised(manifest: Manifest | None, proof: str) -> bool:
    """True if the manifest promises a proof that the site adds at filing."""
    return manifest is not None and proof in (manifest.site_proofs or ())


def _made_before(manifest: Manifest | None, moment: datetime, what: str) -> None:
    """Raise if the package's own time is after `moment`, at which it already existed."""
    if manifest is not None and manifest.created_utc - moment > CLOCK_ALLOWANCE:
        made = rfc3339(manifest.created_utc)
        raise StampError(f"the package says that it was made at {made}, but {what} at {rfc3339(moment)}")
