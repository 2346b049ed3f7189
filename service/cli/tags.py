"""`fonoteca tags`: what the catalogue says, into the tags of files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import grpc
import typer
from rich.text import Text

from fonoteca.v1 import ingest_pb2 as pb
from fonoteca.v1.ingest_pb2_grpc import IngestServiceStub
from fonoteca.v1.track_pb2 import ListTracksRequest
from fonoteca.v1.track_pb2_grpc import TrackServiceStub
from service.cli.answers import print_json, wide_console
from service.cli.connection import library_id, pages, server_at
from service.cli.options import DEFAULT_ADDRESS, DEFAULT_LIBRARY, Address, AsJson, flowing
from service.cli.terminal import FAILED, INTERRUPTED, counted, leave

_CALL_TRACKS: Final = 1_000
"""How many tracks the service writes in a call."""

_EPILOG = flowing("""
The files must lie below a media root of the server (FONOTECA_MEDIA_ROOTS). Each is replaced in one
step, by a copy whose sound is the same. docs/tags.md names the facts.

Exit code: 0 when the files say what the catalogue says, 1 when some could not be written, 130 after
Ctrl-C: the files that were told of are written then, and the same command goes on.
""")

_app = typer.Typer(no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(_app, name="tags", help="Write what the catalogue says into the tags of files.")


@_app.callback()
def _group() -> None:
    """Keep `write` a word of its own: Typer would leave the name of an only command out."""


@_app.command(epilog=_EPILOG)
def write(
    tracks: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID...", help="Ids of tracks.", show_default="those of --filter"),
    ] = None,
    *,
    filter_: Annotated[
        str | None,
        typer.Option(
            "--filter", show_default=False, help="All tracks that match, such as 'artist:queen'."
        ),
    ] = None,
    library: Annotated[
        str, typer.Option(metavar="NAME_OR_ID", help="The library that --filter searches.")
    ] = DEFAULT_LIBRARY,
    fact: Annotated[
        list[str] | None,
        typer.Option(
            show_default="all that the catalogue knows",
            help="Only this fact, also where the catalogue knows none; may be given several times.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the changes.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Write without showing and asking.")] = False,
    address: Address = DEFAULT_ADDRESS,
    as_json: AsJson = False,
) -> None:
    """Write what the catalogue says into the tags of the files of tracks.

    Shows the changes and asks, before it writes.

    Example: fonoteca tags write --filter 'artist:queen' --fact genre
    """
    if bool(tracks) == (filter_ is not None):
        raise typer.BadParameter("name tracks, or give a --filter ('' is all tracks)")
    if dry_run and yes:
        raise typer.BadParameter("--dry-run or --yes, not both")
    if as_json and not (dry_run or yes):
        raise typer.BadParameter("--json goes with --dry-run or --yes")
    with server_at(address) as channel:
        ids = tracks or _matching(channel, library, filter_ or "")
        writing = _Writing(channel, ids, fact or [], as_json)
        if not yes:
            planned = writing.run(validate_only=True)
            if dry_run or not planned.changed:
                leave(FAILED if planned.problems else 0, planned.summary("would be written"))
            question = f"Write {counted(planned.changed, 'file')}?"
            typer.confirm(question, abort=True, err=True)
        try:
            done = writing.run(validate_only=False)
        except KeyboardInterrupt:
            leave(INTERRUPTED, "stopped: the same command goes on from there")
        leave(FAILED if done.problems else 0, done.summary("written"))


def _matching(channel: grpc.Channel, library: str, filter_: str) -> list[str]:
    request = ListTracksRequest(library_id=library_id(channel, library), filter=filter_)
    listing = pages(TrackServiceStub(channel).ListTracks, request)
    return [track.id for page in listing for track in page.tracks]


@dataclass(slots=True)
class _Outcome:
    """What became of files, or would."""

    changed: int = 0
    unchanged: int = 0
    problems: int = 0

    def add(self, answer: pb.WriteTagsResponse) -> None:
        if answer.problem or (answer.left_out and not answer.changes):
            self.problems += 1
        elif answer.changes:
            self.changed += 1
        else:
            self.unchanged += 1

    def summary(self, done: str) -> str:
        """Tell of all files in a sentence."""
        line = f"{counted(self.changed, 'file')} {done}, {self.unchanged:,} as they should be"
        return f"{line}, {self.problems:,} cannot be written" if self.problems else line


@dataclass(frozen=True, slots=True)
class _Writing:
    """Tags that are to be written."""

    channel: grpc.Channel
    ids: Sequence[str]
    facts: Sequence[str]
    as_json: bool

    def run(self, *, validate_only: bool) -> _Outcome:
        """Write, or only look what would be written, and print what is different."""
        outcome = _Outcome()
        for answer in self._answers(validate_only=validate_only):
            outcome.add(answer)
            if self.as_json:
                print_json([answer])
            elif answer.problem or answer.changes or answer.left_out:
                _print(answer)
        return outcome

    def _answers(self, *, validate_only: bool) -> Iterator[pb.WriteTagsResponse]:
        stub = IngestServiceStub(self.channel)
        for start in range(0, len(self.ids), _CALL_TRACKS):
            yield from stub.WriteTags(
                pb.WriteTagsRequest(
                    track_ids=self.ids[start : start + _CALL_TRACKS],
                    facts=self.facts,
                    validate_only=validate_only,
                )
            )


def _print(answer: pb.WriteTagsResponse) -> None:
    console = wide_console()
    console.print(Text(answer.uri), soft_wrap=True)
    lines = [(f"  ! {answer.problem}", "yellow")] if answer.problem else []
    for change in answer.changes:
        lines += [(f"  - {change.fact}: {value}", "red") for value in change.before]
        lines += [(f"  + {change.fact}: {value}", "green") for value in change.after]
    lines += [
        (f"  ! {change.fact}: this kind of file cannot hold it", "yellow")
        for change in answer.left_out
    ]
    for line, style in lines:
        console.print(Text(line, style=style), soft_wrap=True)
