"""Channels in the store; the only place that holds their addresses and secrets."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

from pydantic import JsonValue, SecretStr
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from api.contract.notify.channels import LEAST_SECRET, ChannelKind, NotificationChannel
from api.contract.notify.deliveries import DeliveryState
from api.contract.notify.rules import MOST_CHANNELS
from api.contract.wire.moment import rfc3339
from api.contract.wire.role import LoopRole
from api.store.evidence.tlog import LeafKind, append_record
from api.store.faults import RecordConflict, UnknownRecord, WrongValue
from api.store.loop.grants import Grant, grants
from api.store.notify.rules import rules_with
from api.store.notify.tables import NotificationChannelRow, NotificationRow
from api.store.tables import OperatorRow

HIDDEN = "***"
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_LEAST_HIDDEN = 6
"""Characters of the shortest part of an address that is a key and not a word."""


@dataclass(frozen=True, slots=True)
class Channel:
    """
    A channel; its text hides address and secret.

    Attributes:
        failures: how often it could not be reached, in a row.

        rests_until: before then it is not tried again.

        operator: whose it is; empty: nobody's own.
    """

    name: str
    kind: ChannelKind
    url: SecretStr
    secret: SecretStr
    allow_plain: bool
    most_a_minute: int
    version: int
    changed: datetime
    failures: int = 0
    rests_until: datetime = NEVER
    operator: str = ""

    def address(self) -> str:
        """Return what may be shown: scheme and machine of a webhook, else the scheme, for the rest is a key."""
        return _address(self.kind, self.url.get_secret_value())

    def hide(self, text: str) -> str:
        """Return `text`, for instance another side's answer, without any part of the address or secret."""
        url, secret = self.url.get_secret_value(), self.secret.get_secret_value()
        machine = urlsplit(url).netloc.rpartition("@")[2] if self.kind is ChannelKind.WEBHOOK else ""
        pieces = {url, secret, *re.split(r"[/:@?&=#,]+", url.replace(machine, "") if machine else url)}
        pieces |= {unquote(piece) for piece in pieces}
        for piece in sorted(pieces, key=len, reverse=True):
            if len(piece) >= _LEAST_HIDDEN:
                text = text.replace(piece, HIDDEN)
        return text


def list_channels(session: Session) -> list[Channel]:
    """Return all channels by name."""
    return [
        _channel(row) for row in session.scalars(select(NotificationChannelRow).order_by(NotificationChannelRow.name))
    ]


def find_channel(session: Session, name: str) -> Channel | None:
    """Return a channel, ``None`` where there is none."""
    row = session.get(NotificationChannelRow, name)
    return None if row is None else _channel(row)


def put_channel(session: Session, channel: NotificationChannel, by: str, at: datetime) -> Channel:
    """
    Write a channel, new or changed; a leaf of the log says so. Needs the writing transaction.

    What the document does not say of address and secret stays. Raises `WrongValue`.
    """
    if channel.operator and not _is_operator(session, channel.operator):
        raise WrongValue(f"operator: there is no operator {channel.operator}")
    row = session.get(NotificationChannelRow, channel.name)
    if row is None:
        if (session.scalar(select(func.count()).select_from(NotificationChannelRow)) or 0) >= MOST_CHANNELS:
            raise WrongValue(f"there are {MOST_CHANNELS} channels already: remove one that nobody needs")
        row = NotificationChannelRow(name=channel.name, kind=channel.kind.value, url="", secret="", version=0)
        session.add(row)
    elif row.kind != channel.kind and channel.url is None:
        raise WrongValue(f"url: channel {channel.name} changes from {row.kind} to {channel.kind} and needs an address")
    row.kind = channel.kind.value
    row.url = row.url if channel.url is None else channel.url.get_secret_value()
    row.secret = row.secret if channel.secret is None else channel.secret.get_secret_value()
    if channel.kind is ChannelKind.APPRISE:
        row.secret = ""
    elif len(row.secret) < LEAST_SECRET:
        raise WrongValue(f"secret: a webhook needs one of at least {LEAST_SECRET} characters")
    if not row.url:
        raise WrongValue("url: a new channel needs one")
    row.operator = channel.operator
    row.allow_plain = channel.allow_plain
    row.most_a_minute = channel.most_a_minute
    row.nonce = secrets.token_hex(32)
    row.version += 1
    row.changed = at
    row.failures, row.rests_until = 0, NEVER  # a changed address is tried at once
    session.flush()
    _log(session, row, "written", by, at)
    return _channel(row)


def channels_of_roles(session: Session) -> "RoleChannels":
    """Return who is reached by which role, as grants and channels stand now; operators who are disabled are not."""
    owned = select(NotificationChannelRow.operator, NotificationChannelRow.name)
    found: dict[str, list[str]] = {}
    for operator, name in session.execute(
        owned.where(NotificationChannelRow.operator != "").order_by(NotificationChannelRow.name)
    ):
        found.setdefault(operator, []).append(name)
    held = grants(session) if found else []
    return RoleChannels(tuple((grant, tuple(found[grant.username])) for grant in held if grant.username in found))


@dataclass(frozen=True, slots=True)
class RoleChannels:
    """The channels of operators, by the roles that they hold."""

    held: tuple[tuple[Grant, tuple[str, ...]], ...] = ()

    def reached(self, roles: Sequence[LoopRole], division: str) -> list[str]:
        """Return the channels of all who hold one of the roles in a division, each once; "" is the whole site."""
        names = (names for grant, names in self.held if grant.role in roles and grant.covers(division))
        return list(dict.fromkeys(name for each in names for name in each))


def delete_channel(session: Session, name: str, by: str, at: datetime) -> None:
    """
    Remove a channel: its waiting messages are given up; a leaf of the log says so.

    Raises `UnknownRecord`, or `RecordConflict` where a rule names it.
    """
    row = session.get(NotificationChannelRow, name)
    if row is None:
        raise UnknownRecord(f"there is no channel {name}")
    if users := rules_with(session, name):
        raise RecordConflict(f"channel {name} is named by the rules {', '.join(users)}: change these first")
    session.execute(
        update(NotificationRow)
        .where(NotificationRow.channel == name, NotificationRow.state == DeliveryState.WAITING.value)
        .values(state=DeliveryState.DEAD.value, finished=at, claim="", answer="the channel was removed")
    )
    session.delete(row)
    session.flush()
    _log(session, row, "removed", by, at)


def logged_channel(row: NotificationChannelRow) -> dict[str, JsonValue]:
    """Return what the log tells of a channel: address and secret as one hash, which ``nonce`` keeps from guessing."""
    hidden = f"{row.nonce}\0{row.url}\0{row.secret}".encode()
    return {
        "kind": row.kind,
        "address": _address(ChannelKind(row.kind), row.url),
        "allow_plain": row.allow_plain,
        "most_a_minute": row.most_a_minute,
        "hidden_sha256": hashlib.sha256(hidden).hexdigest(),
        **({"operator": row.operator} if row.operator else {}),  # older leaves know no such member
    }


def _is_operator(session: Session, username: str) -> bool:
    return session.scalar(select(OperatorRow.operator_id).where(OperatorRow.username == username)) is not None


def _log(session: Session, row: NotificationChannelRow, event: str, by: str, at: datetime) -> None:
    of = f"channel:{row.name}"
    record: dict[str, JsonValue] = {"of": of, "event": event, "by": by, "at": rfc3339(at), "version": row.version}
    append_record(session, LeafKind.NOTIFICATION, record | {"document": logged_channel(row)}, of, at)


def _address(kind: ChannelKind, url: str) -> str:
    scheme = url.partition("://")[0]
    if kind is ChannelKind.APPRISE:
        return f"{scheme}://{HIDDEN}"
    try:
        parts = urlsplit(url)
        machine = f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        machine = HIDDEN
    return f"{scheme}://{machine}/{HIDDEN}"


def _channel(row: NotificationChannelRow) -> Channel:
    return Channel(
        name=row.name,
        kind=ChannelKind(row.kind),
        url=SecretStr(row.url),
        secret=SecretStr(row.secret),
        allow_plain=row.allow_plain,
        most_a_minute=row.most_a_minute,
        version=row.version,
        changed=row.changed,
        failures=row.failures,
        rests_until=row.rests_until,
        operator=row.operator,
    )
