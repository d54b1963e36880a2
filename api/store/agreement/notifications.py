"""Rules and channels of notification held against the log: who is told of what, and where messages go."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.store.agreement.ledger import Leaf
from api.store.notify.channels import logged_channel
from api.store.notify.rules import logged_rules
from api.store.notify.tables import NotificationChannelRow


@dataclass(frozen=True, slots=True)
class _Told:
    """What the newest leaf on a rule or channel tells."""

    event: str
    version: int
    document: JsonValue
    log_index: int


class Notifications:
    """The tables of rules and channels beside the leaves of kind ``notification``."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._newest: dict[str, _Told] = {}

    def hold(self, leaf: Leaf) -> Iterator[str]:
        """Take note of a leaf: the newest one on a rule or channel tells how it stands."""
        told = _Told(leaf.text("event"), leaf.number("version"), leaf.record["document"], leaf.index)
        if told.event not in {"written", "removed"}:
            raise ValueError(told.event)
        self._newest[leaf.text("of")] = told
        yield from ()

    def close(self) -> Iterator[str]:
        """Yield the rules and channels that do not stand as their newest leaf tells."""
        for name, version, document in [*logged_rules(self._session), *self._channels()]:
            told = self._newest.pop(name, None)
            if told is None or told.event == "removed":
                yield f"notification {name} is there, and no leaf of the log says so"
            elif (version, document) != (told.version, told.document):
                yield f"notification {name} is not what the log's leaf {told.log_index} tells"
        for name, told in self._newest.items():
            if told.event == "written":
                yield f"notification {name}, of which the log's leaf {told.log_index} tells, is gone"

    def _channels(self) -> Iterator[tuple[str, int, JsonValue]]:
        for row in self._session.scalars(select(NotificationChannelRow).order_by(NotificationChannelRow.name)):
            yield f"channel:{row.name}", row.version, logged_channel(row)
