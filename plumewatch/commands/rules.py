"""``plumewatch rules``: what the violation catalogue watches for here. Every command is thin: parse, call, print."""

from pathlib import Path
from typing import Annotated

import typer

from plumewatch.commands.options import AsJson
from plumewatch.logs import configure

rules_app = typer.Typer(help="The rules of the violation catalogue.", no_args_is_help=True)


@rules_app.command("list")
def rules_list(
    config: Annotated[Path | None, typer.Option("--config", "-c", help="Worker configuration (TOML).")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List V01 to V17: at work, waiting for a zone, or not yet detectable, with the reason and today's law."""
    from plumewatch.offline import describe_rules  # noqa: PLC0415

    configure(quiet=True)
    print(describe_rules(config, as_json=as_json))
