"""Balance: how many cameras each worker may claim, and which worker hands one over. Pure functions of reports."""

import math
from collections.abc import Sequence

from api.contract.wire.worker import WorkerReport


def fair_share(member: str, reports: Sequence[WorkerReport], total: int) -> int:
    """
    Return this member's share of `total` cameras, by its part of the total capacity, rounded up.

    Rounded up, so that all shares together cover every camera within the capacity.
    """
    able = [report for report in reports if not report.draining]
    whole = sum(report.capacity for report in able)
    own = sum(report.capacity for report in able if report.member == member)
    return min(own, math.ceil(total * own / whole)) if whole else 0


def receiver(member: str, reports: Sequence[WorkerReport]) -> str | None:
    """
    Return the member to which this one should hand over a camera now; ``None`` for none.

    Only the fullest member hands over, and only to one that is no fuller than itself afterwards, so that no camera
    comes back. A member under pressure counts as full (`vision.cluster.load.Load.capacity`).
    """
    able = [report for report in reports if not report.draining]
    fullest = min(able, key=lambda report: (-_fill(report), report.member), default=None)
    if fullest is None or fullest.member != member or fullest.held == 0:
        return None
    others = [report for report in able if report.member != member and report.held < report.capacity]
    emptiest = min(others, key=lambda report: (_fill(report), report.member), default=None)
    if emptiest is None or _fill(fullest, -1) < _fill(emptiest, +1):
        return None
    return emptiest.member


def _fill(report: WorkerReport, more: int = 0) -> float:
    held = report.held + more
    if report.capacity == 0:
        return math.inf if held > 0 else 0.0
    return held / report.capacity
