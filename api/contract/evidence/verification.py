"""
Verification of an evidence package, offline: what ``plumewatch verify``, the API's intake and the wall all call.

Every check gives one clear sentence. A check that cannot be made (no roots given, no time stamp in the package) is
*skipped* and says so; it is never counted as passed. A proof that the package says its site adds and that is not
there is *missing*: nothing was changed, and yet the verdict is not that all holds. ``verify.sh`` inside the package
does the same with bash, coreutils and openssl, but for what docs/evidence.md lists: it reads little of the manifest and
knows no time of a revocation.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from cryptography import x509

from api.contract.evidence.contents import count_frames, listing_faults, manifest_faults
from api.contract.evidence.manifest import FileRole, Manifest, parse_manifest, source_faults
from api.contract.evidence.package import (
    CERTIFICATE,
    DETECTIONS,
    MANIFEST,
    SIGNATURE,
    SM2_CERTIFICATE,
    SM2_SIGNATURE,
    SUMS,
    PackageFiles,
    read_present,
)
from api.contract.evidence.report import Check, CheckName, Outcome, VerificationReport
from api.contract.evidence.site_proofs import Sealed, SiteProofs
from api.contract.evidence.tarball import open_package
from api.contract.trust.revocation import Revocation, Revocations
from api.contract.trust.sm2 import knows_sm2, read_sm2_certificate, sm2_signature_holds
from api.contract.trust.stamp import (
    ContractError,
    Digests,
    StampError,
    check_chain,
    digests,
    fingerprint,
    parse_sha256_list,
    read_certificate,
    read_certificates,
    sha256_hex,
    signature_holds,
)
from api.contract.trust.timestamp import TimeStampKind
from api.contract.wire.identifiers import LEAD_ID_PATTERN

_DETECTIONS_LIMIT = 64 << 20
_LEAD_ID = re.compile(LEAD_ID_PATTERN)


def verify_package(
    package: PackageFiles | Path | str,
    roots: bytes | None = None,
    *,
    lead_id: str | None = None,
    revoked: Mapping[str, Revocation] = MappingProxyType({}),
    crls: Sequence[x509.CertificateRevocationList] = (),
) -> VerificationReport:
    """
    Check a package: a folder, a tar, or one already opened (which stays open).

    Args:
        package: what to check.
        roots: PEM certificates that the *verifier* trusts, from the authority and never from the package; a node's
            self-signed certificate in it is its own anchor.
        lead_id: the lead that the package must belong to, where the caller knows it.
        revoked: certificates (by fingerprint) that no longer count, but for packages with an accepted time-stamp from
            before that; such a node's own certificate need not be among `roots`, nor its authority's where its
            revocation holds it.
        crls: lists of revoked certificates by the authorities that issued them, trusted as `roots` are: what they name
            counts as revoked.

    Raises `PackageError` where there is no package to read at all, and `StampError` where `roots` holds no certificate.
    """
    anchors = None if roots is None else read_certificates(roots)
    revocations = Revocations(revoked, crls, anchors or ())
    if isinstance(package, Path | str):
        opened = open_package(Path(package))
        try:
            return _Verifier(opened, anchors, lead_id, revocations).report()
        finally:
            opened.close()
    return _Verifier(package, anchors, lead_id, revocations).report()


@dataclass(slots=True)
class _Verifier:
    """One verification: the facts found so far."""

    package: PackageFiles
    anchors: list[x509.Certificate] | None
    lead_id: str | None
    revocations: Revocations
    proofs: SiteProofs = field(init=False)
    sums: bytes = b""
    listed: dict[str, str] = field(default_factory=dict)
    found: dict[str, Digests] = field(default_factory=dict)
    certificate: x509.Certificate | None = None
    manifest: Manifest | None = None

    def __post_init__(self) -> None:
        self.proofs = SiteProofs(self.package, self.anchors, self.revocations)

    def report(self) -> VerificationReport:
        steps: dict[CheckName, Callable[[], Check | str]] = {
            CheckName.LIST: self._list,
            CheckName.FILES: self._files,
            CheckName.LISTING: self._listing,
            CheckName.SIGNATURE: self._signature,
            CheckName.MANIFEST: self._manifest,
            CheckName.SM2: self._sm2,
            CheckName.TIME_STAMP: lambda: self.proofs.check_stamp(self._sealed),
            CheckName.IDENTITY: self._identity,
            CheckName.CONTENTS: self._contents,
            CheckName.LEAD_ID: self._lead_id,
            CheckName.ORIGIN: self._origin,
            CheckName.DETECTIONS: self._detections,
            CheckName.LOG: lambda: self.proofs.check_log(self._sealed),
        }
        made: dict[CheckName, Check] = {}
        for name, step in steps.items():
            if name is CheckName.SM2 and not {SM2_SIGNATURE, SM2_CERTIFICATE} & {*self.package.sizes, *self.listed}:
                continue
            try:
                result = step()
            except ContractError as error:
                result = Check(name, Outcome.FAIL, str(error))
            made[name] = result if isinstance(result, Check) else Check(name, Outcome.OK, result)
        stamp = self.proofs.stamp
        return VerificationReport(
            checks=tuple(made[name] for name in CheckName if name in made),
            manifest=self.manifest,
            sums_sha256=sha256_hex(self.sums) if self.sums else "",
            certificate_sha256="" if self.certificate is None else fingerprint(self.certificate),
            tsa=self.proofs.tsa,
            tsa_kind=TimeStampKind.NONE if stamp is None else stamp.kind,
            authority="" if stamp is None else stamp.authority,
            stamped=None if stamp is None else stamp.gen_time,
            log=self.proofs.log,
            log_index=self.proofs.log_index,
        )

    @property
    def _sealed(self) -> Sealed:
        return Sealed(self.sums, self.manifest, self.certificate)

    def _list(self) -> str:
        self.sums = read_present(self.package, SUMS)
        self.listed = parse_sha256_list(self.sums)
        return f"SHA256SUMS lists {len(self.listed)} files"

    def _files(self) -> str:
        wrong = []
        for name, expected in self.listed.items():
            if name not in self.package.sizes:
                continue  # reported by the listing
            with self.package.open(name) as stream:
                self.found[name] = digests(stream)
            if self.found[name].sha256 != expected:
                wrong.append(name)
        if wrong:
            raise StampError(f"changed since the list was made: {', '.join(wrong)}")
        if not self.found:
            raise StampError("no file could be compared with SHA256SUMS")
        return f"{len(self.found)} files are the ones in SHA256SUMS"

    def _listing(self) -> str:
        faults = listing_faults(self.package, self.listed)
        if faults:
            raise StampError("; ".join(faults))
        return "every file is listed and every listed file is there"

    def _signature(self) -> str:
        self.certificate = read_certificate(read_present(self.package, CERTIFICATE))
        if not signature_holds(self.certificate, self.sums, read_present(self.package, SIGNATURE)):
            raise StampError("SHA256SUMS.sig is not the signature of node.crt's key over SHA256SUMS")
        return f"SHA256SUMS is signed by the key of {self.certificate.subject.rfc4514_string()}"

    def _sm2(self) -> Check | str:
        if SM2_CERTIFICATE not in self.listed:
            raise StampError("SHA256SUMS.sm2 stands beside a list that names no node.sm2.crt")
        pem, signature = read_present(self.package, SM2_CERTIFICATE), read_present(self.package, SM2_SIGNATURE)
        name = read_sm2_certificate(pem).subject.rfc4514_string()
        if not knows_sm2():
            sentence = "the SM2 signature was not checked: the openssl of this machine knows no SM2"
            return Check(CheckName.SM2, Outcome.SKIPPED, sentence)
        if not sm2_signature_holds(pem, self.sums, signature):
            raise StampError("SHA256SUMS.sm2 is not the signature of node.sm2.crt's key over SHA256SUMS")
        return f"SHA256SUMS is signed by SM2 too, with the key of {name}, whose certificate the node's signature covers"

    def _identity(self) -> Check | str:
        if self.certificate is None:
            raise StampError("there is no certificate to check")
        if self.anchors is None:
            print_of = fingerprint(self.certificate)
            sentence = f"identity not checked: no roots given; the certificate's SHA-256 is {print_of}"
            return Check(CheckName.IDENTITY, Outcome.SKIPPED, sentence)
        if self.manifest is None:
            raise StampError("without a manifest the time for which the certificate must be valid is not known")
        stamp = self.proofs.stamp
        stamped = None if stamp is None or stamp.anchor is None else stamp.gen_time
        trusted = [*self.anchors, *self.revocations.readmitted(self.certificate, stamped)]
        check_chain(self.certificate, trusted, self.manifest.created_utc)
        if stamped is not None:
            check_chain(self.certificate, trusted, stamped)
        return f"the certificate of {self.certificate.subject.rfc4514_string()} chains to the given roots"

    def _manifest(self) -> str:
        self.manifest = parse_manifest(read_present(self.package, MANIFEST))
        return f"manifest.json is a canonical {self.manifest.schema_} of lead {self.manifest.lead_id}"

    def _known(self) -> Manifest:
        if self.manifest is None:
            raise StampError("there is no readable manifest.json")
        return self.manifest

    def _contents(self) -> str:
        manifest = self._known()
        faults = manifest_faults(manifest, self.listed, self.found)
        if faults:
            raise StampError("; ".join(faults))
        return f"the manifest's sizes and digests hold for its {len(manifest.files)} files"

    def _lead_id(self) -> str:
        stated = self._known().lead_id
        if self.lead_id is not None and stated != self.lead_id:
            raise StampError(f"the package belongs to lead {stated}, not to {self.lead_id}")
        if _LEAD_ID.fullmatch(self.package.folder) and self.package.folder != stated:
            raise StampError(f"the folder is called {self.package.folder}, the manifest's lead is {stated}")
        return f"the package belongs to lead {stated}"

    def _origin(self) -> str:
        files = {entry.name: entry for entry in self._known().files}
        if faults := source_faults(files):
            raise StampError("; ".join(faults))
        originals = [name for name, entry in files.items() if entry.role is FileRole.ORIGINAL]
        return f"originals: {', '.join(originals) or 'none'}; every other file names its source"

    def _detections(self) -> str:
        count = count_frames(read_present(self.package, DETECTIONS, _DETECTIONS_LIMIT))
        return f"detections.jsonl holds {count} analysed frames"
