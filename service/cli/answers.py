"""How the answers of the service are printed: as tables of texts, or as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import typer
from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fonoteca.v1.search_pb2 import TextSpan

#: Exit codes as of `grep`, so that a script can tell an empty answer from none.
NOTHING_FOUND: Final = 1

_WIDTH_OF_A_PIPE: Final = 200


def print_json(messages: Iterable[Message], *, with_zeros: bool = False) -> None:
    """Print each message as a line of JSON, without what is zero unless that is wanted."""
    for message in messages:
        typer.echo(
            MessageToJson(
                message,
                preserving_proto_field_name=True,
                always_print_fields_with_no_presence=with_zeros,
                indent=None,
                ensure_ascii=False,
            )
        )


def wide_console() -> Console:
    """Return the terminal, or what a pipe is printed to: wide, for nobody reads it there."""
    console = Console()
    if not console.is_terminal:
        console.width = _WIDTH_OF_A_PIPE
    return console


def empty_table(numbers: Sequence[str], texts: Sequence[str]) -> Table:
    """Return a table of numbers, then texts, then ids."""
    table = text_table()
    for number in numbers:
        table.add_column(number, justify="right", no_wrap=True)
    for text in texts:
        table.add_column(text, overflow="fold")
    table.add_column("id", no_wrap=True)
    return table


def text_table(*texts: str) -> Table:
    """Return a table of texts, each broken where it is too long."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for text in texts:
        table.add_column(text, overflow="fold")
    return table


def moment(time: Timestamp) -> str:
    """Return an instant, UTC, to the minute."""
    return time.ToDatetime().strftime("%Y-%m-%d %H:%M")


def marked(text: str, spans: Iterable[TextSpan]) -> Text:
    """Return a text with what was matched in bold; never as markup of Rich."""
    written = Text(text)
    for span in spans:
        written.stylize("bold", span.start, span.end)
    return written


def clock(duration: Duration) -> str:
    """Return a length as m:ss or h:mm:ss, to the nearest second."""
    minutes, seconds = divmod(duration.seconds + (duration.nanos >= 500_000_000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
