"""Compares operators with the log: who was disabled and enabled."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.contract.wire.moment import rfc3339
from api.store.agreement.ledger import Leaf
from api.store.tables import OperatorRow


@dataclass(frozen=True, slots=True)
class _Told:
    """The content of the newest leaf on an operator."""

    event: str
    role: str
    at: str
    log_index: int


class Operators:
    """
    Compares the table of operators with the leaves of kind ``operator``.

    An operator who was never disabled has no leaf; only that the account is enabled is checked then.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._newest: dict[str, _Told] = {}

    def hold(self, leaf: Leaf) -> Iterator[str]:
        """Remember a leaf: the newest one on an operator decides."""
        told = _Told(leaf.text("event"), leaf.text("role"), leaf.text("at"), leaf.index)
        if told.event not in {"disabled", "enabled"}:
            raise ValueError(told.event)
        self._newest[leaf.text("operator")] = told
        yield from ()

    def close(self) -> Iterator[str]:
        """Yield the operators that differ from their newest leaf."""
        columns = (OperatorRow.username, OperatorRow.role, OperatorRow.disabled)
        for name, role, disabled in self._session.execute(select(*columns).order_by(OperatorRow.username)):
            told = self._newest.pop(name, None)
            since = None if disabled is None else rfc3339(disabled)
            stands = "may log in" if since is None else f"is disabled since {since}"
            if told is None:
                if since is not None:
                    yield f"operator {name} {stands}, and no leaf of the log says so"
                continue
            if since != (told.at if told.event == "disabled" else None):
                yield f"operator {name} {stands}; by the log's leaf {told.log_index} he was {told.event} at {told.at}"
            if role != told.role:
                yield f"operator {name} has the role {role}; by the log's leaf {told.log_index} it was {told.role}"
        for name, told in self._newest.items():
            yield f"operator {name} of the log's leaf {told.log_index} is gone"
