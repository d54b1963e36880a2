"""State: where a lead stands in the loop, and how urgent it is (domain.md 6.2, 6.5)."""

from enum import StrEnum


class LeadState(StrEnum):
    """The states of a lead. Which follows which, and who moves it: `api.contract.loop.moves`."""

    DETECTED = "DETECTED"
    CANDIDATE = "CANDIDATE"
    MERGED = "MERGED"
    AUTO_REJECTED = "AUTO_REJECTED"
    PENDING_VERIFY = "PENDING_VERIFY"
    NEED_MORE = "NEED_MORE"
    REJECTED_FALSE = "REJECTED_FALSE"
    VERIFIED = "VERIFIED"
    WARN_ONLY = "WARN_ONLY"
    EVIDENCE_FIXED = "EVIDENCE_FIXED"
    DISPATCHED = "DISPATCHED"
    RETURNED = "RETURNED"
    ACCEPTED = "ACCEPTED"
    NON_SITE_CHECK = "NON_SITE_CHECK"
    ON_SITE = "ON_SITE"
    NOT_CONFIRMED = "NOT_CONFIRMED"
    CONFIRMED = "CONFIRMED"
    TRANSFERRED = "TRANSFERRED"
    RECTIFY_NO_PENALTY = "RECTIFY_NO_PENALTY"
    CASE_FILED = "CASE_FILED"
    WITHDRAWN = "WITHDRAWN"
    DECIDED = "DECIDED"
    RECTIFIED = "RECTIFIED"
    REVIEWED = "REVIEWED"
    CLOSED = "CLOSED"
    REOPENED = "REOPENED"
    ARCHIVED = "ARCHIVED"


class Priority(StrEnum):
    """Urgency of a lead: P1 from a score of 70, P2 from 40."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
