"""``plumewatch registry``: the register from the command line. Every command is thin: parse, call, print."""

from pathlib import Path
from typing import Annotated

import typer

from api.contract.register.entry import RegisterKind
from plumewatch.commands.options import AsJson, Data, Database
from plumewatch.failures import UsageError
from plumewatch.logs import configure

registry_app = typer.Typer(help="The register: enterprises, premises, permits, officers.", no_args_is_help=True)

Kind = Annotated[RegisterKind, typer.Option("--kind", help="What the rows are.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in your words; it goes into the log.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would come of it and write nothing.")]


@registry_app.command("import")
def registry_import(
    file: Annotated[Path, typer.Argument(help="XLSX, or CSV in UTF-8 or GB 18030.")],
    kind: Kind,
    data: Data = Path("plumewatch-data"),
    database: Database = "",
    reason: Reason = "import of a table",
    *,
    dry_run: DryRun = False,
    partial: Annotated[bool, typer.Option("--partial", help="Enter the good rows although others are wrong.")] = False,
    as_json: AsJson = False,
) -> None:
    """Enter the rows of a table; name each wrong one, and write nothing then (exit code 1)."""
    from plumewatch.commands.registry_tables import Site, import_file, report_lines  # noqa: PLC0415

    configure(quiet=True)
    report = import_file(Site(data, database), file, kind, reason, dry_run=dry_run, partial=partial)
    print(report.model_dump_json(indent=2) if as_json else "\n".join(report_lines(report)))
    raise typer.Exit(1 if report.wrong else 0)


@registry_app.command("export")
def registry_export(
    file: Annotated[Path, typer.Argument(help="File to be written: its name ends in .csv or .xlsx.")],
    kind: Kind,
    data: Data = Path("plumewatch-data"),
    database: Database = "",
    *,
    zh: Annotated[bool, typer.Option("--zh", help="Heads and words in Chinese.")] = False,
    template: Annotated[bool, typer.Option("--template", help="Heads alone, to be filled in.")] = False,
) -> None:
    """Write the entries of a kind as a table that can be imported again."""
    from plumewatch.commands.registry_tables import Site, table_of, template_of  # noqa: PLC0415

    configure(quiet=True)
    if file.suffix.lower() not in {".csv", ".xlsx"}:
        raise UsageError(f"{file}: the name must end in .csv or .xlsx")
    form = file.suffix.lower()[1:]
    file.write_bytes(template_of(kind, form, zh=zh) if template else table_of(Site(data, database), kind, form, zh=zh))
    print(file)


@registry_app.command("from-config")
def registry_from_config(
    config: Annotated[Path, typer.Argument(help="A worker's configuration (TOML).")],
    data: Data = Path("plumewatch-data"),
    database: Database = "",
    reason: Reason = "taken from a worker's configuration",
    *,
    dry_run: DryRun = False,
) -> None:
    """Enter the `[[enterprises]]` and `[[alerts]]` of a worker's configuration; what is registered stays as it is."""
    from plumewatch.commands.registry_config import enter_config  # noqa: PLC0415
    from plumewatch.commands.registry_tables import Site  # noqa: PLC0415

    configure(quiet=True)
    print("\n".join(enter_config(Site(data, database), config, reason, dry_run=dry_run)))
