"""Rules of notification in the store."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.contract.notify.rules import MOST_RULES, NotificationRule
from api.contract.wire.moment import rfc3339
from api.store.documents import forget_row, read_document, stored
from api.store.evidence.tlog import LeafKind, append_record
from api.store.faults import UnknownRecord, WrongValue
from api.store.notify.tables import NotificationChannelRow, NotificationRuleRow

RULES = "notification rules"


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A rule, which version it is, and since when."""

    rule: NotificationRule
    version: int
    changed: datetime


def list_rules(session: Session) -> list[StoredRule]:
    """Return the rules by id; without those that cannot be read."""
    rows = session.scalars(select(NotificationRuleRow).order_by(NotificationRuleRow.rule_id))
    return [found for row in rows if (found := _read(session, row)) is not None]


def find_rule(session: Session, rule_id: str) -> StoredRule | None:
    """Return a rule; ``None`` where there is none, or what is stored of it cannot be read."""
    row = session.get(NotificationRuleRow, rule_id)
    return None if row is None else _read(session, row)


def rule_version(session: Session, rule_id: str) -> int | None:
    """Return which version a rule has, ``None`` where there is none."""
    return session.scalar(select(NotificationRuleRow.version).where(NotificationRuleRow.rule_id == rule_id))


def rules_with(session: Session, channel: str) -> list[str]:
    """Return the ids of the rules that name a channel, those at rest too."""
    return [each.rule.id for each in list_rules(session) if channel in each.rule.channels]


def put_rule(session: Session, rule: NotificationRule, by: str, at: datetime) -> StoredRule:
    """Write a rule, new or changed; a leaf of the log says so. Raises `WrongValue`; needs the writing transaction."""
    known = set(session.scalars(select(NotificationChannelRow.name)))
    if unknown := [name for name in rule.channels if name not in known]:
        raise WrongValue(f"channels: there is no channel {unknown[0]}; there are {', '.join(sorted(known)) or 'none'}")
    row = session.get(NotificationRuleRow, rule.id)
    if row is None:
        if (session.scalar(select(func.count()).select_from(NotificationRuleRow)) or 0) >= MOST_RULES:
            raise WrongValue(f"there are {MOST_RULES} rules already: remove one that nobody needs")
        row = NotificationRuleRow(rule_id=rule.id, version=0)
        session.add(row)
    row.version += 1
    row.document = stored(rule)
    row.changed = at
    session.flush()
    forget_row(session, rule.id, of=RULES)
    _log(session, row, "written", by, at)
    return StoredRule(rule, row.version, at)


def delete_rule(session: Session, rule_id: str, by: str, at: datetime) -> None:
    """Remove a rule; messages that it made are sent all the same. Raises `UnknownRecord`."""
    row = session.get(NotificationRuleRow, rule_id)
    if row is None:
        raise UnknownRecord(f"there is no rule {rule_id}")
    session.delete(row)
    session.flush()
    forget_row(session, rule_id, of=RULES)
    _log(session, row, "removed", by, at)


def logged_rules(session: Session) -> Iterator[tuple[str, int, JsonValue]]:
    """Yield name in the log, version and document of each rule."""
    for row in session.scalars(select(NotificationRuleRow).order_by(NotificationRuleRow.rule_id)):
        yield f"rule:{row.rule_id}", row.version, json.loads(row.document)


def _log(session: Session, row: NotificationRuleRow, event: str, by: str, at: datetime) -> None:
    of = f"rule:{row.rule_id}"
    record: dict[str, JsonValue] = {"of": of, "event": event, "by": by, "at": rfc3339(at), "version": row.version}
    append_record(session, LeafKind.NOTIFICATION, record | {"document": json.loads(row.document)}, of, at)


def _read(session: Session, row: NotificationRuleRow) -> StoredRule | None:
    rule = read_document(session, NotificationRule, row.rule_id, row.document, of=RULES)
    return None if rule is None else StoredRule(rule, row.version, row.changed)
