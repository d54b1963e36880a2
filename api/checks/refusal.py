"""Refusal: why a check code is not issued or not usable; each is one sentence (domain.md 6.4)."""

from api.store.faults import StoreError


class Refused(StoreError):  # noqa: N818
    """
    A code is not issued, or cannot be used so.

    Args:
        slug: what programs tell it by.

        reason: one sentence for people.

        join: the open code that could be joined instead; empty: none.
    """

    def __init__(self, slug: str, reason: str, join: str = "") -> None:
        super().__init__(reason)
        self.slug = slug
        self.join = join
