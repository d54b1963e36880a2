"""The report of a verification: which checks were made on a package and how each ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from api.contract.evidence.manifest import Manifest
from api.contract.evidence.sentences import in_chinese
from api.contract.trust.timestamp import TimeStampKind
from api.contract.wire.moment import rfc3339


class CheckName(StrEnum):
    """The checks, in the order they are made."""

    LIST = "list"
    FILES = "files"
    LISTING = "listing"
    SIGNATURE = "signature"
    SM2 = "sm2"
    IDENTITY = "identity"
    MANIFEST = "manifest"
    CONTENTS = "contents"
    LEAD_ID = "lead_id"
    ORIGIN = "origin"
    DETECTIONS = "detections"
    TIME_STAMP = "time_stamp"
    LOG = "log"


TITLES_ZH: Mapping[CheckName, str] = {
    CheckName.LIST: "哈希清单格式",
    CheckName.FILES: "文件哈希",
    CheckName.LISTING: "文件齐全且无多余",
    CheckName.SIGNATURE: "节点签名",
    CheckName.SM2: "国密签名（SM2）",
    CheckName.IDENTITY: "节点证书（身份）",
    CheckName.MANIFEST: "元数据清单",
    CheckName.CONTENTS: "元数据与文件一致",
    CheckName.LEAD_ID: "线索编号",
    CheckName.ORIGIN: "派生文件来源",
    CheckName.DETECTIONS: "检测记录",
    CheckName.TIME_STAMP: "可信时间戳",
    CheckName.LOG: "只增日志",
}


class Outcome(StrEnum):
    """
    How a check ended.

    Attributes:
        SKIPPED: the check could not be made, for the stated reason; it proves nothing.

        MISSING: there is nothing to check, and there should be: the package says that its site adds this proof.
    """

    OK = "ok"
    FAIL = "fail"
    SKIPPED = "skipped"
    MISSING = "missing"


class PackageVerdict(StrEnum):
    """What a verification amounts to."""

    HOLDS = "holds"
    INCOMPLETE = "incomplete"
    """Nothing was changed, and proofs that should be there are not: not given yet, or taken away."""
    BROKEN = "broken"

    @property
    def exit_code(self) -> int:
        """What ``plumewatch verify`` and ``verify.sh`` end with; 2 is for what could not be checked at all."""
        return {PackageVerdict.HOLDS: 0, PackageVerdict.BROKEN: 1, PackageVerdict.INCOMPLETE: 3}[self]


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name, how it ended, and one sentence for people."""

    name: CheckName
    outcome: Outcome
    sentence: str

    @property
    def title_zh(self) -> str:
        """The check's name in Chinese."""
        return TITLES_ZH[self.name]

    @property
    def sentence_zh(self) -> str:
        """The sentence in Chinese."""
        return in_chinese(self.sentence)


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """
    What was found.

    Attributes:
        checks: in the order of `CheckName`, `SM2` only where the package has such a signature; a check that an earlier
            failure made impossible is ``fail`` too.

        manifest: ``None`` where it is missing or broken.

        sums_sha256: hex SHA-256 of ``SHA256SUMS``: the package's name in lead, chain and log; empty where missing.

        certificate_sha256: fingerprint of the node's certificate; empty where unreadable.

        tsa: ``none`` without a time stamp, else ``ok``, ``unchecked`` (no roots) or ``fail``.

        tsa_kind: kind of the authority that stamped it, as far as that was checked.

        authority: name in the certificate of the authority that stamped it; empty without a valid stamp.

        stamped: time of the stamp, aware UTC; ``None`` without a valid one.

        log: ``none`` without a proof of the log, else ``ok``, ``unchecked`` (no roots) or ``fail``.

        log_index: which leaf of the log the package is, where that holds.
    """

    checks: tuple[Check, ...]
    manifest: Manifest | None
    sums_sha256: str
    certificate_sha256: str
    tsa: str
    tsa_kind: TimeStampKind = TimeStampKind.NONE
    authority: str = ""
    stamped: datetime | None = None
    log: str = "none"
    log_index: int | None = None

    @property
    def ok(self) -> bool:
        """True when no check failed."""
        return all(check.outcome is not Outcome.FAIL for check in self.checks)

    @property
    def missing(self) -> tuple[Check, ...]:
        """The checks for which there is nothing, and should be."""
        return tuple(check for check in self.checks if check.outcome is Outcome.MISSING)

    @property
    def verdict(self) -> PackageVerdict:
        """The overall verdict; where `knows_signer` is false, `HOLDS` only means that the bytes are unchanged."""
        if not self.ok:
            return PackageVerdict.BROKEN
        return PackageVerdict.INCOMPLETE if self.missing else PackageVerdict.HOLDS

    @property
    def knows_signer(self) -> bool:
        """True when roots were given to hold the signer against; without them a stranger's own package holds too."""
        return all(check.outcome is not Outcome.SKIPPED for check in self.checks if check.name is CheckName.IDENTITY)

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.outcome is Outcome.FAIL)

    def as_dict(self) -> dict[str, object]:
        """Return the report as JSON types, for ``--json`` and the API."""
        return {
            "ok": self.ok,
            "verdict": self.verdict,
            "lead_id": None if self.manifest is None else self.manifest.lead_id,
            "sums_sha256": self.sums_sha256,
            "certificate_sha256": self.certificate_sha256,
            "tsa": self.tsa,
            "tsa_kind": self.tsa_kind,
            "authority": self.authority,
            "stamped": None if self.stamped is None else rfc3339(self.stamped),
            "log": self.log,
            "log_index": self.log_index,
            "checks": [
                {
                    "name": check.name,
                    "title": check.title_zh,
                    "outcome": check.outcome,
                    "sentence": check.sentence,
                    "sentence_zh": check.sentence_zh,
                }
                for check in self.checks
            ],
        }
