"""Grants held against the log: which roles of the loop operators hold."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.store.agreement.ledger import Leaf
from api.store.loop.tables import GrantRow
from api.store.tables import OperatorRow

_Key = tuple[str, str, str]


class Grants:
    """The table of grants beside the leaves of kind ``grant``."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._standing: dict[_Key, int] = {}

    def hold(self, leaf: Leaf) -> Iterator[str]:
        """Take note of a leaf: the newest on an operator, role and division says whether it is held."""
        key = (leaf.text("operator"), leaf.text("role"), leaf.text("division"))
        event = leaf.text("event")
        if event == "granted":
            self._standing[key] = leaf.index
        elif event == "revoked":
            self._standing.pop(key, None)
        else:
            raise ValueError(event)
        yield from ()

    def close(self) -> Iterator[str]:
        """Yield the grants that the table and the log tell differently."""
        columns = (OperatorRow.username, GrantRow.role, GrantRow.division)
        asked = select(*columns).join(GrantRow, GrantRow.operator_id == OperatorRow.operator_id)
        for name, role, division in self._session.execute(asked.where(GrantRow.revoked.is_(None))):
            if self._standing.pop((name, role, division), None) is None:
                where = division or "all divisions"
                yield f"operator {name} holds role {role} in {where}, and no leaf of the log says so"
        for (name, role, division), index in self._standing.items():
            where = division or "all divisions"
            yield f"the log's leaf {index} grants {name} role {role} in {where}; the table does not"
