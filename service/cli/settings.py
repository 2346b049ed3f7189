"""`fonoteca settings`: what can be set, and what is."""

from __future__ import annotations

from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.cli.local import explained
from service.settings import Settings, load_settings, settings_table

_INTRODUCTION: Final = """\
# Settings

Fonoteca is set up by environment variables alone. One that begins with `FONOTECA_` but is not
listed here is an error, and so is a combination that makes no sense; the service then says what is
wrong and exits with code 2. An empty variable counts as unset.

This page is what `fonoteca settings --markdown` prints.

| Variable | Default | Meaning |
| --- | --- | --- |
"""


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("settings")(show)


def show(
    *,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the reference as a page of Markdown.")
    ] = False,
) -> None:
    """List the settings.

    Each with its variable, its value now and its meaning.

    Example: FONOTECA_WORKERS=2 fonoteca settings
    """
    if markdown:
        typer.echo(reference(), nl=False)
        return
    with explained():
        _print_table(load_settings())


def reference() -> str:
    """Return the text of `docs/settings.md`."""
    rows = (f"| `{row.variable}` | {row.default} | {row.meaning} |\n" for row in settings_table())
    return _INTRODUCTION + "".join(rows)


def _print_table(settings: Settings) -> None:
    table = Table("Variable", "Value", "Meaning", show_lines=True)
    for row in settings_table():
        value = getattr(settings, row.field)
        shown = "" if value is None else "(set)" if row.secret else str(value)
        style = "bold" if row.field in settings.model_fields_set else "dim"
        meaning = f"{row.meaning} [default: {row.default}]".replace("`", "")
        table.add_row(row.variable, Text(shown, style=style), Text(meaning))
    Console().print(table)
