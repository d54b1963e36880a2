"""``plumewatch log``: checkpoints of the append-only log for others to keep, and the log held against them."""

from pathlib import Path
from typing import Annotated

import typer

from plumewatch.commands.options import Database
from plumewatch.failures import UsageError
from plumewatch.logs import configure

log_app = typer.Typer(help="The append-only log of a site.", no_args_is_help=True)

Data = Annotated[Path, typer.Option("--data", "-d", help="The API's data folder.", envvar="PLUMEWATCH_DATA_DIR")]


@log_app.command("export")
def export(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the files.")],
    data: Data = Path("plumewatch-data"),
    database: Database = "",
) -> None:
    """Write the newest checkpoint, its signature, time-stamp and certificates, to be kept by somebody else."""
    from api.trust.audit import export_checkpoint  # noqa: PLC0415
    from plumewatch.api_process import site_settings, told  # noqa: PLC0415

    configure(quiet=True)
    with told("the database cannot be used"):
        for path in export_checkpoint(site_settings(data, database), out):
            print(path)


@log_app.command("check")
def check(
    data: Data = Path("plumewatch-data"),
    database: Database = "",
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", "-c", help="A checkpoint.txt that somebody else has kept.")
    ] = None,
) -> None:
    """Hash the whole log anew and hold it against its checkpoints; exit 1 where it shrank, forked or was changed."""
    from api.trust.audit import audit_log  # noqa: PLC0415
    from api.trust.checkpoints import LogError  # noqa: PLC0415
    from plumewatch.api_process import site_settings, told  # noqa: PLC0415

    configure(quiet=True)
    if not data.is_dir():
        raise UsageError(f"{data}: no such data folder")
    try:
        with told("the database cannot be used"):
            audit = audit_log(site_settings(data, database), None if checkpoint is None else checkpoint.read_bytes())
    except LogError as fault:
        print(f"FAIL: {fault}")
        raise typer.Exit(1) from fault
    kept = "" if audit.kept is None else f", and begins with the kept checkpoint of {audit.kept}"
    print(f"OK: the log of {audit.size} leaves agrees with its tree and all its checkpoints{kept}")
