"""``plumewatch bench``: the benchmarks as commands. Every command is thin: parse, call, print."""

from pathlib import Path
from typing import Annotated

import typer

bench_app = typer.Typer(help="Benchmarks: how accurate, how fast, how many.", no_args_is_help=True)


@bench_app.command("scenes")
def bench_scenes(
    names: Annotated[list[str] | None, typer.Argument(help="Scenes; all of them where none is named.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the clips and their truth; what is there is reused.")] = Path(
        ".cache/scenes"
    ),
    model: Annotated[str | None, typer.Option(help="Registry name; the default model without this.")] = None,
    threshold: Annotated[float, typer.Option(min=0.01, max=1, help="Lowest confidence that counts.")] = 0.25,
) -> None:
    """Render the scenes and tell what a detector finds in them and where it is wrong."""
    from benchmarks.scenes.__main__ import main as scenes  # noqa: PLC0415

    arguments = ["--check", "--out", str(out), "--threshold", str(threshold)]
    if model is not None:
        arguments += ["--model", model]
    if names:
        arguments += ["--names", *names]
    raise typer.Exit(scenes(arguments))
