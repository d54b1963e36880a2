"""How cameras spread over workers: what each may claim, and who hands one over to whom. Pure functions of reports."""

import math
from collections.abc import Sequence

from api.contract.wire.worker import WorkerReport


def fair_share(member: str, reports: Sequence[WorkerReport], total: int) -> int:
    """
    Return how many of `total` cameras are this member's by its part of the capacity of all, rounded up.

    Rounded up, so that the shares of all cover every camera that they have the capacity for.
    """
    able = [report for report in reports if not report.draining]
    whole = sum(report.capacity for report in able)
    own = sum(report.capacity for report in able if report.member == member)
    return min(own, math.ceil(total * own / whole)) if whole else 0


def receiver(member: str, reports: Sequence[WorkerReport]) -> str | None:
    """
    Return the member to whom this one should hand over one camera now; ``None`` where all is well.

    Only the fullest member hands over, and only to one that is no fuller than itself when it is done: what is handed
    over never comes back. A member under pressure counts as full (`vision.cluster.load.Load.capacity`).
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
