"""The API's one wall clock."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the time now, aware UTC, at the millisecond precision that records carry."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
