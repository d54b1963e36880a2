"""
Chains: each package names its predecessor of the same camera, so that a removed one leaves a hole.

A chain is the work of one node: a camera that moves to another node begins a new one, and so does a node that lost its
disk, which its package then says.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.contract.evidence.manifest import FIRST_PACKAGE, Manifest
from api.store.evidence.tables import PackageLinkRow


class LinkState(StrEnum):
    """What a package's naming of its predecessor is worth."""

    FIRST = "first"
    LINKED = "linked"
    HOLE = "hole"
    FORKED = "forked"


@dataclass(frozen=True, slots=True)
class ChainLink:
    """A package in its camera's chain; ``state`` describes its link to the one before it."""

    lead_id: str
    sums_sha256: str
    previous: str
    created: datetime
    state: LinkState


def add_link(session: Session, sums_sha256: str, manifest: Manifest) -> None:
    """Note a filed package's place in its camera's chain; needs the writing transaction."""
    if session.get(PackageLinkRow, sums_sha256) is not None:
        return
    session.add(
        PackageLinkRow(
            sums_sha256=sums_sha256,
            camera_id=manifest.camera.id,
            lead_id=manifest.lead_id,
            previous=manifest.prev_package_sha256,
            created=manifest.created_utc,
        )
    )


def chain_of(session: Session, camera_id: str, limit: int) -> list[ChainLink]:
    """
    Return a camera's newest packages, the newest first.

    A *hole*: the package names one that was never filed here: it is still on its way, or was taken away before it came.
    *Forked*: another package names the same predecessor, so one of them is not the node's work in order.
    """
    asked = select(PackageLinkRow).where(PackageLinkRow.camera_id == camera_id)
    rows = session.scalars(asked.order_by(PackageLinkRow.created.desc(), PackageLinkRow.lead_id.desc()).limit(limit))
    links = rows.all()
    named = {row.previous for row in links} - {FIRST_PACKAGE}
    filed = set(session.scalars(select(PackageLinkRow.sums_sha256).where(PackageLinkRow.sums_sha256.in_(named))))
    twice = set(
        session.scalars(
            select(PackageLinkRow.previous)
            .where(PackageLinkRow.previous.in_(named), PackageLinkRow.camera_id == camera_id)
            .group_by(PackageLinkRow.previous)
            .having(func.count() > 1)
        )
    )

    def state(row: PackageLinkRow) -> LinkState:
        if row.previous == FIRST_PACKAGE:
            return LinkState.FIRST
        if row.previous in twice:
            return LinkState.FORKED
        return LinkState.LINKED if row.previous in filed else LinkState.HOLE

    return [ChainLink(row.lead_id, row.sums_sha256, row.previous, row.created, state(row)) for row in links]
