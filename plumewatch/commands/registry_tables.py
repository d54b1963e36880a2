"""Tables of an installation's register, taken and written at the terminal while the API runs or not."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.clock import utc_now
from api.contract.register.entry import RegisterKind
from api.contract.register.kinds import KINDS
from api.people.accounts import open_database
from api.register.columns import HeadError
from api.register.importing import ImportReport, import_table
from api.register.table import TableError, TableFormat, write_table
from api.store.database import Database
from api.store.register.entries import all_entries
from plumewatch.api_process import site_settings, told
from plumewatch.failures import UsageError


@dataclass(frozen=True, slots=True)
class Site:
    """Where an installation is: its folder, and the address of its database; empty: in the folder."""

    data: Path
    database: str

    @contextmanager
    def opened(self) -> Iterator[Database]:
        """Open its database; raise `UsageError` where that cannot be used."""
        with told("the database cannot be used"), open_database(site_settings(self.data, self.database)) as database:
            yield database


def caller() -> str:
    """Return what the log calls who is at the terminal: no operator of the wall, but a user of the machine."""
    try:
        return f"terminal:{getpass.getuser()}"[:160]
    except (KeyError, OSError):
        return "terminal"


def import_file(
    site: Site, file: Path, kind: RegisterKind, reason: str, *, dry_run: bool, partial: bool
) -> ImportReport:
    """Enter a file's rows (`api.register.importing.import_table`); raise `UsageError` for what is no such table."""
    content = file.read_bytes()
    try:
        with site.opened() as database:
            return import_table(
                database,
                kind,
                content,
                who=caller(),
                reason=reason,
                at=utc_now(),
                dry_run=dry_run,
                partial=partial,
            )
    except (TableError, HeadError) as fault:
        raise UsageError(f"{file}: {fault}") from fault


def report_lines(report: ImportReport) -> Iterator[str]:
    """Yield what an import did, for people: the wrong rows first, the sums last."""
    for fault in report.faults:
        place = f"row {fault.row}" + (f", {fault.column}" if fault.column else "")
        found = f" {fault.found!r}" if fault.found else ""
        yield f"{place}:{found} {fault.wrong}" + (f" (right: {fault.right})" if fault.right else "")
    did = "written" if report.written else "nothing written"
    yield (
        f"{report.rows} rows: {report.new} new, {report.changed} changed, {report.unchanged} unchanged, "
        f"{report.wrong} wrong; {did}"
    )
    if report.unseen is not None:
        yield f"in view of no camera: {report.unseen}"


def table_of(site: Site, kind: RegisterKind, form: str, *, zh: bool) -> bytes:
    """Return the entries of a kind as a file, ``csv`` or ``xlsx``."""
    with site.opened() as database, database.reading() as session:
        entries = (stored.document for stored in all_entries(session, KINDS[kind]))
        return write_table(kind, entries, TableFormat(form), zh=zh)


def template_of(kind: RegisterKind, form: str, *, zh: bool) -> bytes:
    """Return a table of a kind with heads alone, ``csv`` or ``xlsx``."""
    return write_table(kind, (), TableFormat(form), zh=zh)
