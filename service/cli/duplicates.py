"""`fonoteca duplicates`: tracks that are in the catalogue twice, and what becomes of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import islice
from typing import Annotated, Final

import grpc
import typer
from google.protobuf.json_format import MessageToDict
from rich.text import Text

from fonoteca.v1 import track_pb2 as pb
from fonoteca.v1.track_pb2_grpc import TrackServiceStub
from service.cli.answers import clock, empty_table, moment, print_json, wide_console
from service.cli.connection import ANSWER_SECONDS, library_id, pages, server_at
from service.cli.options import DEFAULT_ADDRESS, Address, AsJson, DryRun
from service.cli.terminal import FAILED, INTERRUPTED, counted, leave, say
from service.ingest.client import status_code

_PAGE_GROUPS: Final = 100

_OF_ONE_GROUP: Final = frozenset(
    {
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
    }
)
"""Refusals that say nothing about the other groups, such as that a track has changed meanwhile."""

_app = typer.Typer(no_args_is_help=True)


class Tier(StrEnum):
    """How duplicates are found, as DuplicateTier, from the surest to the boldest."""

    SAME_CONTENT = "same-content"
    SAME_AUDIO = "same-audio"
    SAME_ISRC = "same-isrc"
    SAME_MBID = "same-mbid"
    SAME_NAME = "same-name"
    SIMILAR = "similar"


OfLibrary = Annotated[
    str | None,
    typer.Option(
        "--library", metavar="NAME_OR_ID", show_default="all", help="Only within this library."
    ),
]
Merged = Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of the merged tracks.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(
        _app, name="duplicates", help="List duplicates, merge them, and take merges back."
    )


@_app.command("list")
def list_(
    *,
    tier: Annotated[
        list[Tier] | None,
        typer.Option(show_default="all", help="How they are found; may be given several times."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, show_default="all", help="How many groups at most.")
    ] = None,
    library: OfLibrary = None,
    address: Address = DEFAULT_ADDRESS,
    as_json: AsJson = False,
) -> None:
    """List groups of tracks that may be one recording, the surest first.

    The first of a group is the one of which most is known, a good survivor.

    Example: fonoteca duplicates list --tier same-content --tier same-audio
    """
    with server_at(address) as channel:
        within = library_id(channel, library) if library else ""
        some = False
        for found_by, group in islice(_distinct(channel, tier or list(Tier), within), limit):
            if as_json:
                _print_group_json(found_by, group)
            else:
                _print_group(found_by, group, apart=some)
            some = True
    if not some:
        say("no duplicates")


@_app.command()
def merge(
    survivor: Annotated[
        str, typer.Argument(metavar="SURVIVOR", help="Id of the track that stays.")
    ],
    others: Annotated[
        list[str], typer.Argument(metavar="ID...", help="Ids of the tracks that become it.")
    ],
    *,
    dry_run: DryRun = False,
    address: Address = DEFAULT_ADDRESS,
    as_json: AsJson = False,
) -> None:
    """Merge tracks into the first one. Their ids lead to it from then on.

    Example: fonoteca duplicates merge SURVIVOR_ID OTHER_ID --dry-run
    """
    request = pb.MergeTracksRequest(survivor_id=survivor, track_ids=others, validate_only=dry_run)
    with server_at(address) as channel:
        done = TrackServiceStub(channel).MergeTracks(request, timeout=ANSWER_SECONDS)
    if as_json:
        print_json([done])
        return
    moved = f"{counted(done.moved_items, 'playlist item')} moved, {done.dropped_items:,} dropped"
    verb = "would be merged" if dry_run else "merged"
    typer.echo(f"{counted(len(others), 'track')} {verb} into {_name(done.track)}; {moved}")


@_app.command("merge-all")
def merge_all(
    tier: Annotated[Tier, typer.Argument(help="How the duplicates are found.")],
    *,
    library: OfLibrary = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    address: Address = DEFAULT_ADDRESS,
    as_json: AsJson = False,
) -> None:
    """Merge every group that one tier finds, each into its first track.

    Look at them first: fonoteca duplicates list --tier same-content

    Example: fonoteca duplicates merge-all same-content --json > merged.jsonl
    """
    with server_at(address) as channel:
        within = library_id(channel, library) if library else ""
        groups = list(_groups(channel, tier, within))
        if not groups:
            leave(0, "no duplicates")
        tracks = sum(len(group.tracks) - 1 for group in groups)
        if not yes:
            question = f"Merge {counted(tracks, 'track')} into {len(groups):,}?"
            typer.confirm(question, abort=True, err=True)
        _merge_groups(channel, groups, as_json=as_json)


@_app.command()
def unmerge(
    ids: Merged,
    *,
    dry_run: DryRun = False,
    address: Address = DEFAULT_ADDRESS,
    as_json: AsJson = False,
) -> None:
    """Bring merged tracks back as they were.

    Example: fonoteca duplicates unmerge 01920000-0000-7000-8000-000000000000
    """
    request = pb.UnmergeTracksRequest(track_ids=ids, validate_only=dry_run)
    with server_at(address) as channel:
        done = TrackServiceStub(channel).UnmergeTracks(request, timeout=ANSWER_SECONDS)
    if as_json:
        print_json([done])
        return
    for track in done.tracks:
        typer.echo(f"{_name(track)} {'would be' if dry_run else 'is'} there again")


@_app.command()
def merged(
    survivor: Annotated[
        str, typer.Argument(metavar="ID", help="Id of a survivor, or of a track merged into it.")
    ],
    *,
    address: Address = DEFAULT_ADDRESS,
    as_json: AsJson = False,
) -> None:
    """List the tracks that were merged into one.

    Example: fonoteca duplicates merged 01920000-0000-7000-8000-000000000000
    """
    request = pb.ListMergedTracksRequest(id=survivor)
    with server_at(address) as channel:
        listing = pages(TrackServiceStub(channel).ListMergedTracks, request)
        found = [track for page in listing for track in page.tracks]
    if as_json:
        print_json(found)
        return
    if not found:
        leave(0, "nothing was merged into this track")
    table = empty_table(("merged",), ("title", "artist"))
    for each in found:
        table.add_row(
            moment(each.merge_time),
            *map(Text, (each.track.title, each.track.artist, each.track.id)),
        )
    wide_console().print(table)


def _groups(channel: grpc.Channel, tier: Tier, within: str) -> Iterator[pb.DuplicateGroup]:
    request = pb.ListDuplicatesRequest(
        library_id=within, tier=pb.DuplicateTier.Value(f"DUPLICATE_TIER_{tier.name}")
    )
    for page in pages(TrackServiceStub(channel).ListDuplicates, request, size=_PAGE_GROUPS):
        yield from page.groups


def _distinct(
    channel: grpc.Channel, tiers: Sequence[Tier], within: str
) -> Iterator[tuple[Tier, pb.DuplicateGroup]]:
    """Yield the groups of several tiers; the same tracks are told of once, by the surest."""
    told: set[frozenset[str]] = set()
    for tier in tiers:
        for group in _groups(channel, tier, within):
            ids = frozenset(track.id for track in group.tracks)
            if ids not in told:
                told.add(ids)
                yield tier, group


def _merge_groups(
    channel: grpc.Channel, groups: Sequence[pb.DuplicateGroup], *, as_json: bool
) -> None:
    """Merge each group; one that is refused leaves the others alone."""
    done, refused = 0, 0
    try:
        for group in groups:
            why = _merge_group(channel, group)
            if why:
                refused += 1
                say(f"{_name(group.tracks[0])} ({group.tracks[0].id}) is not merged: {why}")
            else:
                done += 1
                _print_merged(group, as_json=as_json)
    except KeyboardInterrupt:
        leave(INTERRUPTED, f"stopped: {counted(done, 'group')} merged, the rest is as it was")
    say(f"{counted(done, 'group')} merged, {refused:,} refused")
    if refused:
        raise typer.Exit(FAILED)


def _merge_group(channel: grpc.Channel, group: pb.DuplicateGroup) -> str:
    """Merge a group as it was listed, and return an empty text, or why it was refused."""
    survivor, *others = group.tracks
    request = pb.MergeTracksRequest(
        survivor_id=survivor.id,
        track_ids=[track.id for track in others],
        etags={track.id: track.etag for track in group.tracks},
    )
    try:
        TrackServiceStub(channel).MergeTracks(request, timeout=ANSWER_SECONDS)
    except grpc.RpcError as error:
        if status_code(error) not in _OF_ONE_GROUP or not isinstance(error, grpc.Call):
            raise
        return error.details() or "the server does not say why"
    return ""


def _print_merged(group: pb.DuplicateGroup, *, as_json: bool) -> None:
    survivor, *others = group.tracks
    ids = [track.id for track in others]
    if as_json:
        typer.echo(json.dumps({"survivor_id": survivor.id, "track_ids": ids}))
    else:
        typer.echo(f"{_name(survivor)}: {' '.join(ids)} -> {survivor.id}")


def _print_group_json(tier: Tier, group: pb.DuplicateGroup) -> None:
    record = {"tier": tier, **MessageToDict(group, preserving_proto_field_name=True)}
    typer.echo(json.dumps(record, ensure_ascii=False))


def _print_group(tier: Tier, group: pb.DuplicateGroup, *, apart: bool) -> None:
    names = (pb.DuplicateReason.Name(reason) for reason in group.reasons)
    reasons = (name.removeprefix("DUPLICATE_REASON_").lower().replace("_", " ") for name in names)
    if apart:
        typer.echo()
    typer.echo(f"{tier}: {', '.join(reasons)}{', and more tracks' if group.truncated else ''}")
    table = empty_table(("length",), ("title", "artist", "album"))
    for track in group.tracks:
        length = clock(track.duration) if track.HasField("duration") else ""
        texts = (track.title, track.artist, track.album.title, track.id)
        table.add_row(length, *map(Text, texts))
    wide_console().print(table)


def _name(track: pb.Track) -> str:
    return f"{track.title} ({track.artist})" if track.artist else track.title
