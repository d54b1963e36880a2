"""Capacity: what the vault holds, how long its room lasts at the present rate, and how urgent that is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from api.evidence.vault import Space, Vault
from api.settings import Settings
from api.store.database import Database
from api.store.evidence.holds import RetentionRule, Stock, stock


class RoomLevel(StrEnum):
    """How urgent the vault's room is."""

    AMPLE = "ample"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class VaultState:
    """
    The vault at one moment.

    Attributes:
        space: room by the file system, or by the settings' capacity; ``None``: unknown.

        days_left: until it is full at the present rate (`rate_of`); ``None``: not known, or nothing was filed.
    """

    at: datetime
    stock: Stock
    space: Space | None
    days_left: float | None
    level: RoomLevel


def vault_state(database: Database, vault: Vault, settings: Settings, now: datetime) -> VaultState:
    """Return what the vault holds and how long its room lasts; blocks."""
    with database.reading() as session:
        held = stock(session, rule_of(settings), now)
    space = vault.space()
    if settings.vault_capacity_bytes is not None:
        allowed = Space(max(0, settings.vault_capacity_bytes - held.size), settings.vault_capacity_bytes)
        space = allowed if space is None or allowed.free < space.free else space
    rate = rate_of(held, now)
    days = None if space is None or rate == 0 else round(space.free / rate, 1)
    return VaultState(now, held, space, days, _level(space, days, settings))


def rate_of(held: Stock, now: datetime) -> float:
    """
    Return bytes a day that the vault grows by at present: of the last week or the last day, whichever is more.

    A site younger than a week is judged by its own age, at least a day, or its first days would promise sevenfold time.
    """
    if held.first is None:
        return 0.0
    days = min(7.0, max(1.0, (now - held.first) / timedelta(days=1)))
    return max(float(held.bytes_last_day), held.bytes_last_week / days)


def rule_of(settings: Settings) -> RetentionRule:
    """Return how long the settings keep packages."""
    return RetentionRule(settings.retention_case_days, settings.retention_rejected_days)


def _level(space: Space | None, days: float | None, settings: Settings) -> RoomLevel:
    if space is None:
        return RoomLevel.AMPLE
    share = space.free / space.total if space.total else 0.0
    soonest = float("inf") if days is None else days
    if share < settings.vault_warn_share / 5 or soonest < settings.vault_warn_days / 10:
        return RoomLevel.CRITICAL
    is_short = share < settings.vault_warn_share or soonest < settings.vault_warn_days
    return RoomLevel.WARNING if is_short else RoomLevel.AMPLE


@dataclass(slots=True)
class Room:
    """Room in the vault at the last check of `api.evidence.retention`; ``None`` before the first."""

    found: VaultState | None = None

    def warning(self) -> str:
        """Return a sentence on what is short; empty while there is ample room, or before the first check."""
        found = self.found
        if found is None or found.level is RoomLevel.AMPLE or found.space is None:
            return ""
        days = "" if found.days_left is None else f", full in {found.days_left:g} days at the present rate"
        return f"{found.level}: {found.space.free / 1e9:.1f} of {found.space.total / 1e9:.1f} GB left{days}"
