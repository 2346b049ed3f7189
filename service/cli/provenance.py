"""`fonoteca provenance`: who says what a track is, and who is right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum, auto
from itertools import islice
from typing import Annotated

import grpc
import typer
from google.protobuf.field_mask_pb2 import FieldMask
from rich.text import Text

from fonoteca.v1 import provenance_pb2 as pb
from fonoteca.v1.provenance_pb2_grpc import ProvenanceServiceStub
from fonoteca.v1.track_pb2 import GetTrackRequest, Track
from fonoteca.v1.track_pb2_grpc import TrackServiceStub
from fonoteca.v1.types_pb2 import FieldSource, FieldSourceKind
from service.cli.answers import empty_table, moment, print_json, text_table, wide_console
from service.cli.connection import ANSWER_SECONDS, library_id, pages, server_at
from service.cli.options import DEFAULT_ADDRESS, Address, AsJson, DryRun
from service.cli.terminal import say
from service.cli.values import value_text

_app = typer.Typer(no_args_is_help=True)


class Side(StrEnum):
    """Who is right in a conflict, as ConflictResolution."""

    KEEP = auto()
    ACCEPT = auto()


TrackId = Annotated[str, typer.Argument(metavar="ID", help="Id of the track.")]
Fields = Annotated[
    list[str],
    typer.Argument(metavar="FIELD...", help="Fields such as title or features.key; * is all."),
]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(
        _app, name="provenance", help="See who says what a track is, decide, lock and undo."
    )


@_app.command()
def show(track: TrackId, *, address: Address = DEFAULT_ADDRESS, as_json: AsJson = False) -> None:
    """Show who says what a track is, field by field.

    Example: fonoteca provenance show 01920000-0000-7000-8000-000000000000
    """
    with server_at(address) as channel:
        request = pb.GetTrackProvenanceRequest(id=track)
        found = ProvenanceServiceStub(channel).GetTrackProvenance(request, timeout=ANSWER_SECONDS)
        if as_json:
            print_json([found])
            return
        asked = GetTrackRequest(id=track)
        values = TrackServiceStub(channel).GetTrack(asked, timeout=ANSWER_SECONDS)
    _print_fields(found.fields, values)


@_app.command()
def conflicts(
    *,
    track: Annotated[
        str, typer.Option(metavar="ID", show_default="all", help="Only those of this track.")
    ] = "",
    library: Annotated[
        str | None,
        typer.Option(metavar="NAME_OR_ID", show_default="all", help="Only in this library."),
    ] = None,
    dismissed: Annotated[
        bool, typer.Option("--dismissed", help="List those that are decided, too.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, show_default="all", help="How many conflicts at most.")
    ] = None,
    address: Address = DEFAULT_ADDRESS,
    as_json: AsJson = False,
) -> None:
    """List what sources say of locked fields that the catalogue does not say.

    Example: fonoteca provenance conflicts --limit 20
    """
    with server_at(address) as channel:
        request = pb.ListTrackConflictsRequest(
            library_id=library_id(channel, library) if library else "",
            track_id=track,
            show_dismissed=dismissed,
        )
        found = list(islice(_conflicts(channel, request), limit))
    if as_json:
        print_json(found)
    elif found:
        _print_conflicts(found)
    else:
        say("no source contradicts a locked field")


@_app.command()
def resolve(
    conflict: Annotated[
        str, typer.Argument(metavar="ID", help="Id of the conflict, as `conflicts` lists it.")
    ],
    side: Annotated[
        Side,
        typer.Argument(help="keep what the catalogue says, or accept what the source says."),
    ],
    *,
    dry_run: DryRun = False,
    address: Address = DEFAULT_ADDRESS,
    as_json: AsJson = False,
) -> None:
    """Decide a conflict. A field whose source is accepted is unlocked, and follows it again.

    Example: fonoteca provenance resolve CONFLICT_ID accept
    """
    request = pb.ResolveTrackConflictRequest(
        id=conflict,
        resolution=pb.ConflictResolution.Value(f"CONFLICT_RESOLUTION_{side.name}"),
        validate_only=dry_run,
    )
    with server_at(address) as channel:
        stub = ProvenanceServiceStub(channel)
        changed = stub.ResolveTrackConflict(request, timeout=ANSWER_SECONDS)
    if as_json:
        print_json([changed])
    else:
        typer.echo(f"{changed.title}: {'would be ' if dry_run else ''}decided")


@_app.command()
def revert(
    track: TrackId,
    field: Annotated[
        str, typer.Argument(metavar="FIELD", help="A field such as title or features.key.")
    ],
    *,
    dry_run: DryRun = False,
    address: Address = DEFAULT_ADDRESS,
    as_json: AsJson = False,
) -> None:
    """Undo the last change of a field; repeat it to go further back.

    Example: fonoteca provenance revert 01920000-0000-7000-8000-000000000000 title
    """
    request = pb.RevertTrackFieldRequest(id=track, field=field, validate_only=dry_run)
    with server_at(address) as channel:
        stub = ProvenanceServiceStub(channel)
        changed = stub.RevertTrackField(request, timeout=ANSWER_SECONDS)
    if as_json:
        print_json([changed])
    else:
        now = value_text(changed, field) or "(empty)"
        typer.echo(f"{changed.title}: {field} {'would be' if dry_run else 'is'} {now}")


@_app.command()
def lock(
    track: TrackId,
    fields: Fields,
    *,
    dry_run: DryRun = False,
    address: Address = DEFAULT_ADDRESS,
    as_json: AsJson = False,
) -> None:
    """Lock fields, so that only people change them.

    Example: fonoteca provenance lock 01920000-0000-7000-8000-000000000000 title genres
    """
    request = pb.LockTrackFieldsRequest(
        id=track, fields=FieldMask(paths=fields), validate_only=dry_run
    )
    with server_at(address) as channel:
        stub = ProvenanceServiceStub(channel)
        _print_locks(stub.LockTrackFields(request, timeout=ANSWER_SECONDS), as_json=as_json)


@_app.command()
def unlock(
    track: TrackId,
    fields: Fields,
    *,
    dry_run: DryRun = False,
    address: Address = DEFAULT_ADDRESS,
    as_json: AsJson = False,
) -> None:
    """Unlock fields: the next scan or import that says something new changes them.

    Example: fonoteca provenance unlock 01920000-0000-7000-8000-000000000000 '*'
    """
    request = pb.UnlockTrackFieldsRequest(
        id=track, fields=FieldMask(paths=fields), validate_only=dry_run
    )
    with server_at(address) as channel:
        stub = ProvenanceServiceStub(channel)
        _print_locks(stub.UnlockTrackFields(request, timeout=ANSWER_SECONDS), as_json=as_json)


def _conflicts(
    channel: grpc.Channel, request: pb.ListTrackConflictsRequest
) -> Iterator[pb.TrackConflict]:
    for page in pages(ProvenanceServiceStub(channel).ListTrackConflicts, request):
        yield from page.conflicts


def _print_fields(fields: Iterable[pb.FieldProvenance], track: Track) -> None:
    table = text_table("field", "value", "says", "since", "locked", "undo brings")
    for field in fields:
        undo = ""
        if field.HasField("previous"):
            undo = value_text(field.previous, field.field) or "(empty)"
        cells = (
            field.field,
            value_text(track, field.field),
            _source_text(field.source),
            moment(field.state_time) if field.HasField("state_time") else "",
            "locked" if field.HasField("lock_time") else "",
            undo,
        )
        table.add_row(*map(Text, cells))
    wide_console().print(table)


def _print_conflicts(found: Iterable[pb.TrackConflict]) -> None:
    table = empty_table(("since",), ("track", "field", "catalogue", "source", "says"))
    for each in found:
        cells = (
            f"{each.track_title} ({each.track_artist})" if each.track_artist else each.track_title,
            each.field,
            value_text(each.current, each.field) or "(empty)",
            _source_text(each.source),
            value_text(each.said, each.field) or "(empty)",
            each.id,
        )
        table.add_row(moment(each.state_time), *map(Text, cells))
    wide_console().print(table)


def _print_locks(found: pb.TrackProvenance, *, as_json: bool) -> None:
    if as_json:
        print_json([found])
        return
    locked: Sequence[str] = [each.field for each in found.fields if each.HasField("lock_time")]
    typer.echo(f"locked: {', '.join(locked) or 'nothing'}")


def _source_text(source: FieldSource) -> str:
    if not source.kind:
        return "not known"
    kind = FieldSourceKind.Name(source.kind).removeprefix("FIELD_SOURCE_KIND_").lower()
    sure = f" ({source.confidence:.0%} sure)" if source.HasField("confidence") else ""
    return f"{kind} {source.name}".rstrip() + sure
