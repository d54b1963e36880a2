"""The vault of an installation, looked after from the command line while the API runs or not."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from api.clock import utc_now
from api.evidence.capacity import RoomLevel, rule_of, vault_state
from api.evidence.retention import erase_left_overs, prune
from api.evidence.scrub import scrub
from api.evidence.vault import Vault, VaultError
from api.evidence.vault_address import open_vault
from api.people.accounts import open_database
from api.settings import Settings
from api.store.database import Database
from api.store.evidence.holds import due_packages
from plumewatch.api_process import site_settings
from plumewatch.failures import UsageError

MOST_LISTED = 1000


@dataclass(frozen=True, slots=True)
class Place:
    """Where an installation is: its folder, and the addresses of database and vault; empty: in the folder."""

    data: Path
    database: str
    vault: str


def scrub_vault(place: Place, *, as_json: bool) -> tuple[str, bool]:
    """Read and hash everything; return the report as text, and whether all is sound."""
    with _opened(place) as (database, vault, _):
        report = scrub(database, vault)
    if as_json:
        return report.model_dump_json(indent=1), report.is_sound
    lines = [f"ROT {fault.lead_id} {fault.file or '(package)'}: {fault.fault}" for fault in report.faults]
    lines += [f"CUSTODY {sentence}" for sentence in report.custody_faults]
    lines += [f"RECORD {sentence}" for sentence in report.record_faults]
    lines += [f"stray {stray}: no lead names this package" for stray in report.strays]
    speed = report.bytes / 1e6 / max(report.seconds, 1e-9)
    lines.append(
        f"{report.packages} packages, {report.files} files, {report.bytes / 1e6:.1f} MB in {report.seconds:.1f} s "
        f"({speed:.0f} MB/s): {'sound' if report.is_sound else f'{report.fault_count} faults'}"
    )
    return "\n".join(lines), report.is_sound


def vault_room(place: Place) -> tuple[str, bool]:
    """Return what the vault holds and how long its room lasts, and whether that is ample."""
    with _opened(place) as (database, vault, settings):
        found = vault_state(database, vault, settings, utc_now())
    held = found.stock
    lines = [
        f"{held.packages} packages, {held.size / 1e6:.1f} MB; {held.held} under a legal hold, {held.deleted} deleted",
        f"due to go: {held.due} packages, {held.due_bytes / 1e6:.1f} MB",
    ]
    if found.space is not None:
        days = "" if found.days_left is None else f", full in {found.days_left:g} days at the present rate"
        free, total = found.space.free / 1e9, found.space.total / 1e9
        lines.append(f"room: {free:.1f} of {total:.1f} GB free{days}: {found.level}")
    return "\n".join(lines), found.level is RoomLevel.AMPLE


def prune_vault(place: Place, *, delete: bool) -> str:
    """List what is due to go, and delete it where that is asked for."""
    with _opened(place) as (database, vault, settings):
        with database.reading() as session:
            due = due_packages(session, rule_of(settings), utc_now(), MOST_LISTED)
        lines = [f"{one.lead_id} {one.kind} {one.size / 1e6:.1f} MB, filed {one.received:%Y-%m-%d}" for one in due]
        if delete:
            gone = prune(database, vault, settings, utc_now())
            left = erase_left_overs(database, vault)
            lines.append(f"{gone} packages deleted" + (f", {left} erased that were deleted before" if left else ""))
        else:
            more = " or more" if len(due) == MOST_LISTED else ""
            lines.append(f"{len(due)}{more} packages are due; --delete deletes them")
    return "\n".join(lines)


@contextmanager
def _opened(place: Place) -> Iterator[tuple[Database, Vault, Settings]]:
    """Open an installation; raise `UsageError` where there is none."""
    settings = site_settings(place.data, place.database, vault_url=place.vault)
    if not place.database and not settings.sqlite_path().exists():
        raise UsageError(f"{place.data} holds no installation: there is no {settings.sqlite_path().name}")
    try:
        vault = open_vault(place.vault, place.data)
        with open_database(settings) as database:
            yield database, vault, settings
    except VaultError as fault:
        raise UsageError(str(fault)) from fault
    except SQLAlchemyError as fault:
        raise UsageError(f"the database cannot be used: {type(fault).__name__}") from fault
