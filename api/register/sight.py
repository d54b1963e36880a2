"""Sight: which premises a camera sees, by the zones that are drawn and by its entry (domain.md 6.1, S4)."""

from collections import Counter
from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from api.contract.register.places import Premises
from api.contract.wire.camera import CameraDocument
from api.store.cameras import list_cameras
from api.store.register.entries import all_entries

SHOWN_BY = frozenset({"premises", "vent"})
"""Kinds of zone that show premises: the ground itself, or where its fumes leave."""


def seen_premises(session: Session) -> frozenset[str]:
    """
    Return the ids of the premises that a registered camera sees.

    One is seen where a zone that shows premises bears its id as owner or name, or its name or its enterprise's code
    where no other premises has the same; or where its entry names a camera that is registered, and a zone of that
    camera where it names one too.
    """
    return seen_among(list_cameras(session), [stored.document for stored in all_entries(session, Premises)])


def seen_among(registered: Iterable[CameraDocument], known: Sequence[Premises]) -> frozenset[str]:
    """Return the ids of those of `known` that a registered camera sees, like `seen_premises`."""
    cameras = {camera.id: camera for camera in registered}
    shown = {
        name
        for camera in cameras.values()
        for zone in camera.zones
        if zone.kind in SHOWN_BY
        for name in (zone.owner, zone.name)
        if name
    }
    counted = Counter(name for premises in known for name in {premises.name, premises.uscc} if name)
    return frozenset(
        premises.id
        for premises in known
        if premises.id in shown
        or any(name in shown and counted[name] == 1 for name in (premises.name, premises.uscc) if name)
        or _is_in_view(premises, cameras.get(premises.camera or ""))
    )


def _is_in_view(premises: Premises, camera: CameraDocument | None) -> bool:
    return camera is not None and (not premises.zone or any(zone.name == premises.zone for zone in camera.zones))
