"""How results read at a terminal."""

from api.contract.report import Outcome, VerificationReport

_MARKS = {Outcome.OK: "OK     通过", Outcome.FAIL: "FAIL   失败", Outcome.SKIPPED: "SKIP   未查"}


def verification_text(report: VerificationReport) -> str:
    """Return a verification report, one check a line, the verdict last."""
    lines = [f"{_MARKS[check.outcome]}  {check.title_zh}: {check.sentence}" for check in report.checks]
    verdict = "holds 证据包完整" if report.ok else "DOES NOT HOLD 证据包不成立"
    return "\n".join([*lines, f"package {verdict}  SHA256SUMS {report.sums_sha256}"])
