"""Owners: those that zones name, held against the register."""

import difflib
from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.contract.register.entry import RegisterKind
from api.contract.register.uscc import looks_like_uscc
from api.contract.wire.zone import ZoneDocument
from api.store.register.tables import RegisterEntryRow

NEAREST = 3


class UnknownOwnerError(ValueError):
    """A zone names a code that the register does not hold; the message names the nearest that it does."""


def check_owners(session: Session, zones: Iterable[ZoneDocument], before: Sequence[ZoneDocument] = ()) -> None:
    """
    Raise `UnknownOwnerError` for the first code that a zone names as its owner and the register does not hold.

    A register without enterprises refuses nothing, and neither is refused what is no code, or was there `before`.
    """
    stood = {zone.owner for zone in before}
    coded = [zone for zone in zones if looks_like_uscc(zone.owner) and zone.owner not in stood]
    if not coded:
        return
    asked = select(RegisterEntryRow.key, RegisterEntryRow.name).where(
        RegisterEntryRow.kind == RegisterKind.ENTERPRISE.value
    )
    names = {row.key: row.name for row in session.execute(asked)}
    for zone in coded:
        if names and zone.owner not in names:
            alike = difflib.get_close_matches(zone.owner, names, n=NEAREST)
            nearest = ", ".join(f"{uscc} ({names[uscc]})" for uscc in alike)
            hint = f"the nearest are {nearest}" if nearest else "none is like it"
            raise UnknownOwnerError(
                f"zone {zone.name!r}: the register has no enterprise {zone.owner}; {hint}. Enter it first, or name the "
                "owner in words"
            )
