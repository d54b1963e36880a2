"""Options that several commands have, each with one meaning."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path,
    typer.Option("--data", "-d", help="Folder for everything this installation keeps.", envvar="PLUMEWATCH_DATA_DIR"),
]
Database = Annotated[
    str, typer.Option("--database", envvar="PLUMEWATCH_DATABASE_URL", help="Database address; empty: SQLite in --data.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
