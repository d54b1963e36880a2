"""Actor: an operator before one lead: the roles that count for it, and what of the lead's past binds the person."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from api.contract.loop.moves import Move
from api.contract.wire.lead import LeadDocument
from api.contract.wire.role import GRANTED, ROLE_EN, SEPARATE, LoopRole
from api.store.loop.grants import grants, has_grants
from api.store.transitions import transitions_of


@dataclass(frozen=True, slots=True)
class Actor:
    """
    An operator before one lead.

    Attributes:
        roles: that count for the lead's division.

        acted: roles in which the operator acted on this lead before.

        enforced: whether roles and four eyes are enforced. A site that never granted a role works as one desk.
    """

    username: str
    roles: frozenset[LoopRole]
    acted: frozenset[LoopRole] = field(default_factory=frozenset)
    enforced: bool = True

    def role_for(self, roles: Iterable[LoopRole]) -> LoopRole | None:
        """Return the role of `roles` in which the operator may act, the first by letter of the table."""
        return next((role for role in LoopRole if role in roles and role in self.roles), None)

    def bound(self, role: LoopRole) -> str:
        """Return why the operator may not act in a role on this lead; empty where nothing forbids it."""
        if not self.enforced:
            return ""
        for pair in SEPARATE:
            if role in pair and (others := (pair - {role}) & self.acted):
                other = next(iter(others))
                return f"{self.username} acted on this lead as {ROLE_EN[other]}; another person must be {ROLE_EN[role]}"
        return ""

    def may_propose(self, move: Move) -> bool:
        """Whether a move takes two people and this one can be the first."""
        return self.enforced and move.proposer is not None and move.proposer in self.roles


def actor_before(session: Session, username: str, lead: LeadDocument) -> Actor:
    """Return an operator before a lead."""
    if not has_grants(session):
        return Actor(username, GRANTED, enforced=False)
    held = frozenset(each.role for each in grants(session, username) if each.covers(lead.place.division))
    records = (json.loads(record) for record in transitions_of(session, lead.lead_id))
    acted = frozenset(LoopRole(each["role"]) for each in records if each["user"] == username and each["role"] != "A")
    return Actor(username, held, acted)
