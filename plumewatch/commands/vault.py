"""``plumewatch vault``: what the vault holds, whether it is sound, and what may go. Every command is thin."""

from pathlib import Path
from typing import Annotated

import typer

from plumewatch.commands.options import AsJson, Database
from plumewatch.logs import configure

vault_app = typer.Typer(help="The evidence vault: room, soundness, retention.", no_args_is_help=True)

Data = Annotated[Path, typer.Option("--data", "-d", help="Folder of the installation.", envvar="PLUMEWATCH_DATA_DIR")]
Vault = Annotated[str, typer.Option("--vault", envvar="PLUMEWATCH_VAULT_URL", help="Empty: a folder in --data.")]


@vault_app.command("scrub")
def vault_scrub(
    data: Data = Path("plumewatch-data"),
    database: Database = "",
    vault: Vault = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Read and hash everything again; exit 1 where a file, a record of a lead or custody is not what was kept."""
    from plumewatch.commands.vaults import Place, scrub_vault  # noqa: PLC0415

    configure(quiet=True)
    text, sound = scrub_vault(Place(data, database, vault), as_json=as_json)
    print(text)
    raise typer.Exit(0 if sound else 1)


@vault_app.command("status")
def vault_status(data: Data = Path("plumewatch-data"), database: Database = "", vault: Vault = "") -> None:
    """Say what the vault holds and how long its room lasts; exit 1 where that is short."""
    from plumewatch.commands.vaults import Place, vault_room  # noqa: PLC0415

    configure(quiet=True)
    text, ample = vault_room(Place(data, database, vault))
    print(text)
    raise typer.Exit(0 if ample else 1)


@vault_app.command("prune")
def vault_prune(
    data: Data = Path("plumewatch-data"),
    database: Database = "",
    vault: Vault = "",
    *,
    delete: Annotated[bool, typer.Option("--delete", help="Delete; without this they are only listed.")] = False,
) -> None:
    """Delete what the retention has ended for and no legal hold keeps, each a leaf of the log first."""
    from plumewatch.commands.vaults import Place, prune_vault  # noqa: PLC0415

    configure(quiet=True)
    print(prune_vault(Place(data, database, vault), delete=delete))
