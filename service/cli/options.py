"""The options that several commands share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

Address = Annotated[
    str, typer.Option(metavar="HOST:PORT", help="The server, as host:port or unix:path.")
]
DEFAULT_ADDRESS = "127.0.0.1:50051"

Library = Annotated[
    str, typer.Option(metavar="NAME_OR_ID", help="The library that gets the tracks.")
]
DEFAULT_LIBRARY = "default"

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only say what would happen; store nothing.")
]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]

Report = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", dir_okay=False, help="Write every problem to this file, as JSON Lines."
    ),
]


def flowing(text: str) -> str:
    """Return a text whose paragraphs are broken by the terminal, and not where they are written."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text.strip())
