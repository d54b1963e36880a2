"""``plumewatch operator``: who may log in to the wall. Every command is thin."""

import json
from pathlib import Path
from typing import Annotated

import typer

from plumewatch.commands.options import AsJson, Data, Database
from plumewatch.logs import configure

operator_app = typer.Typer(help="Operators of the wall.", no_args_is_help=True)

LoopRoleLetter = Annotated[
    str,
    typer.Option(
        "--role",
        help="D duty officer, V verifier, E evidence officer, P dispatcher, O enforcement officer, R legal reviewer, "
        "M head of unit, X partner unit, C company.",
    ),
]
Division = Annotated[str, typer.Option(help="Beginning of the GB/T 2260 codes in which it counts; empty: everywhere.")]
Name = Annotated[str, typer.Argument(help="Login name.")]


@operator_app.command("add")
def operator_add(
    name: Name,
    data: Data = Path("plumewatch-data"),
    database: Database = "",
    *,
    admin: Annotated[
        bool,
        typer.Option("--admin", help="May also set up cameras and zones, hold evidence, and trust and revoke keys."),
    ] = False,
) -> None:
    """Add an operator and print the one-time password."""
    from api.store.people import Role  # noqa: PLC0415
    from plumewatch.commands.operator_accounts import Place, add_one  # noqa: PLC0415

    configure(quiet=True)
    print(add_one(Place(data, database), name, Role.ADMIN if admin else Role.OPERATOR))


@operator_app.command("reset")
def operator_reset(
    name: Annotated[str, typer.Argument(help="Login name.")] = "admin",
    data: Data = Path("plumewatch-data"),
    database: Database = "",
) -> None:
    """Give an operator a new one-time password, end his sessions, and print it."""
    from plumewatch.commands.operator_accounts import Place, reset_one  # noqa: PLC0415

    configure(quiet=True)
    print(reset_one(Place(data, database), name))


@operator_app.command("list")
def operator_list(
    data: Data = Path("plumewatch-data"),
    database: Database = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Print everybody who may log in, or might once: role, state, sessions that are open."""
    from plumewatch.commands.operator_accounts import Place, account_document, account_line, all_accounts  # noqa: PLC0415

    configure(quiet=True)
    accounts = all_accounts(Place(data, database))
    if as_json:
        print(json.dumps([account_document(account) for account in accounts], ensure_ascii=False))
        return
    for account in accounts:
        print(account_line(account))


@operator_app.command("disable")
def operator_disable(name: Name, data: Data = Path("plumewatch-data"), database: Database = "") -> None:
    """Shut an operator out: his sessions end at once, a leaf of the log says so, his name stays in the records."""
    from plumewatch.commands.operator_accounts import Place, disable_one  # noqa: PLC0415

    configure(quiet=True)
    print(disable_one(Place(data, database), name))


@operator_app.command("enable")
def operator_enable(name: Name, data: Data = Path("plumewatch-data"), database: Database = "") -> None:
    """Let an operator who was shut out log in again, and print the new one-time password."""
    from plumewatch.commands.operator_accounts import Place, enable_one  # noqa: PLC0415

    configure(quiet=True)
    print(enable_one(Place(data, database), name))


@operator_app.command("grant")
def operator_grant(
    name: Name,
    role: LoopRoleLetter,
    division: Division = "",
    data: Data = Path("plumewatch-data"),
    database: Database = "",
) -> None:
    """Let an operator act in a role of the loop. From the first grant on, roles and four eyes are enforced."""
    from plumewatch.commands.operator_accounts import Place, grant_one  # noqa: PLC0415

    configure(quiet=True)
    print(grant_one(Place(data, database), name, role, division))


@operator_app.command("revoke")
def operator_revoke(
    name: Name,
    role: LoopRoleLetter,
    division: Division = "",
    data: Data = Path("plumewatch-data"),
    database: Database = "",
) -> None:
    """Take a role of the loop from an operator."""
    from plumewatch.commands.operator_accounts import Place, revoke_one  # noqa: PLC0415

    configure(quiet=True)
    print(revoke_one(Place(data, database), name, role, division))


@operator_app.command("roles")
def operator_roles(data: Data = Path("plumewatch-data"), database: Database = "") -> None:
    """Print who holds which role in the loop."""
    from plumewatch.commands.operator_accounts import Place, all_roles, grant_line  # noqa: PLC0415

    configure(quiet=True)
    for each in all_roles(Place(data, database)):
        print(grant_line(each))
