"""``plumewatch models``: the registry and the training shop as commands. Every command is thin: parse, call, print."""

from typing import Annotated

import typer

models_app = typer.Typer(help="The model registry and the shop that fills it.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@models_app.command("list")
def models_list(*, as_json: AsJson = False) -> None:
    """List the registered models."""
    from plumewatch.offline import describe_models  # noqa: PLC0415

    print(describe_models(as_json=as_json))


@models_app.command("verify")
def models_verify(
    names: Annotated[list[str] | None, typer.Argument(help="Models; all of them where none is named.")] = None,
) -> None:
    """Check the weights of registered models against their SHA-256."""
    from plumewatch.offline import verify_models  # noqa: PLC0415

    for line in verify_models(names or []):
        print(line)
