"""`fonoteca duplicates`: what is in the catalogue twice, and what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Annotated, Any, Final

import grpc
import typer
from google.protobuf.json_format import MessageToDict
from rich.text import Text

from service.cli.answers import empty_table, moment, print_json, wide_console
from service.cli.connection import library_id, server_at
from service.cli.mergeable import KINDS, Kind, Mergeable, Tier, counts
from service.cli.options import DEFAULT_ADDRESS, Address, AsJson, DryRun
from service.cli.terminal import FAILED, INTERRUPTED, counted, leave, say
from service.ingest.client import status_code

_OF_ONE_GROUP: Final = frozenset(
    {
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
    }
)
"""Refusals that say nothing about other groups, such as that one member has changed meanwhile."""

_app = typer.Typer(no_args_is_help=True)

Of = Annotated[Kind, typer.Option("--of", help="What is in the catalogue twice.")]
OfLibrary = Annotated[
    str | None,
    typer.Option(
        "--library",
        metavar="NAME_OR_ID",
        show_default="all",
        help="Only tracks of this library. Artists and albums belong to all.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(
        _app, name="duplicates", help="List duplicates, merge them, and take merges back."
    )


@_app.command("list")
def list_(
    *,
    of: Of = Kind.TRACKS,
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
    """List groups of what may be one, the surest first.

    The first of a group is a good survivor: the one of which most is known.

    Example: fonoteca duplicates list --of artists --tier same-letters
    """
    kind = KINDS[of]
    tiers = _tiers(of, tier)
    with server_at(address) as channel:
        within = _within(channel, of, library)
        some = False
        for found_by, group in islice(_distinct(channel, kind, tiers, within), limit):
            if as_json:
                _print_group_json(found_by, group)
            else:
                _print_group(kind, found_by, group, apart=some)
            some = True
    if not some:
        say("no duplicates")


@_app.command()
def merge(
    survivor: Annotated[str, typer.Argument(metavar="SURVIVOR", help="Id of the one that stays.")],
    others: Annotated[
        list[str], typer.Argument(metavar="ID...", help="Ids of those that become it.")
    ],
    *,
    of: Of = Kind.TRACKS,
    dry_run: DryRun = False,
    address: Address = DEFAULT_ADDRESS,
    as_json: AsJson = False,
) -> None:
    """Merge several into the first one. Their ids lead to it from then on.

    Example: fonoteca duplicates merge SURVIVOR_ID OTHER_ID --dry-run
    """
    kind = KINDS[of]
    with server_at(address) as channel:
        done = kind.merge(channel, survivor, others, validate_only=dry_run)
    if as_json:
        print_json([done])
        return
    verb = "would be merged" if dry_run else "merged"
    name = kind.name(getattr(done, kind.one))
    typer.echo(f"{counted(len(others), kind.one)} {verb} into {name}; {counts(done)}")


@_app.command("merge-all")
def merge_all(
    tier: Annotated[Tier, typer.Argument(help="How the duplicates are found.")],
    *,
    of: Of = Kind.TRACKS,
    library: OfLibrary = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    address: Address = DEFAULT_ADDRESS,
    as_json: AsJson = False,
) -> None:
    """Merge every group that one tier finds, each into its first member.

    Look at them first: fonoteca duplicates list --tier same-content

    Example: fonoteca duplicates merge-all same-content --json > merged.jsonl
    """
    kind = KINDS[of]
    [wanted] = _tiers(of, [tier])
    with server_at(address) as channel:
        groups = list(kind.groups(channel, wanted, **_within(channel, of, library)))
        if not groups:
            leave(0, "no duplicates")
        others = sum(len(kind.members(group)) - 1 for group in groups)
        if not yes:
            question = f"Merge {counted(others, kind.one)} into {len(groups):,}?"
            typer.confirm(question, abort=True, err=True)
        _merge_groups(channel, kind, groups, as_json=as_json)


@_app.command()
def unmerge(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of those merged.")],
    *,
    of: Of = Kind.TRACKS,
    dry_run: DryRun = False,
    address: Address = DEFAULT_ADDRESS,
    as_json: AsJson = False,
) -> None:
    """Bring back as they were those that were merged.

    Example: fonoteca duplicates unmerge 01920000-0000-7000-8000-000000000000
    """
    kind = KINDS[of]
    with server_at(address) as channel:
        done = kind.unmerge(channel, ids, validate_only=dry_run)
    if as_json:
        print_json([done])
        return
    for member in kind.members(done):
        typer.echo(f"{kind.name(member)} {'would be' if dry_run else 'is'} there again")


@_app.command()
def merged(
    survivor: Annotated[
        str, typer.Argument(metavar="ID", help="Id of a survivor, or of one merged into it.")
    ],
    *,
    of: Of = Kind.TRACKS,
    address: Address = DEFAULT_ADDRESS,
    as_json: AsJson = False,
) -> None:
    """List those that were merged into one.

    Example: fonoteca duplicates merged 01920000-0000-7000-8000-000000000000
    """
    kind = KINDS[of]
    with server_at(address) as channel:
        found = kind.merged(channel, survivor)
    if as_json:
        print_json(found)
        return
    if not found:
        leave(0, f"nothing was merged into this {kind.one}")
    table = empty_table(("merged", *kind.numbers), kind.texts)
    for each in found:
        member = getattr(each, kind.one)
        cells = (moment(each.merge_time), *kind.cells(member), member.id)
        table.add_row(*map(Text, cells))
    wide_console().print(table)


def _tiers(of: Kind, wanted: Sequence[Tier] | None) -> list[Tier]:
    """Return the tiers that are asked for, if the kind has them."""
    known = KINDS[of].tiers
    for tier in wanted or ():
        if tier not in known:
            raise typer.BadParameter(f"{of} have no tier {tier}: there are {', '.join(known)}")
    return list(wanted or known)


def _within(channel: grpc.Channel, of: Kind, library: str | None) -> dict[str, str]:
    """Return the field that names a library, if one is given."""
    if library is None:
        return {}
    if of is not Kind.TRACKS:
        raise typer.BadParameter(f"--library is for tracks: {of} belong to all libraries")
    return {"library_id": library_id(channel, library)}


def _distinct(
    channel: grpc.Channel, kind: Mergeable, tiers: Sequence[Tier], within: dict[str, str]
) -> Iterator[tuple[Tier, Any]]:
    """Yield the groups of several tiers; the same members are told of once, by the surest."""
    told: set[frozenset[str]] = set()
    for tier in tiers:
        for group in kind.groups(channel, tier, **within):
            ids = frozenset(member.id for member in kind.members(group))
            if ids not in told:
                told.add(ids)
                yield tier, group


def _merge_groups(
    channel: grpc.Channel, kind: Mergeable, groups: Sequence[Any], *, as_json: bool
) -> None:
    """Merge each group; one that is refused leaves the others alone."""
    done, refused = 0, 0
    try:
        for group in groups:
            survivor, *others = kind.members(group)
            why = _merge_group(channel, kind, group)
            if why:
                refused += 1
                say(f"{kind.name(survivor)} ({survivor.id}) is not merged: {why}")
            else:
                done += 1
                _print_merged(kind, survivor, others, as_json=as_json)
    except KeyboardInterrupt:
        leave(INTERRUPTED, f"stopped: {counted(done, 'group')} merged, the rest is as it was")
    say(f"{counted(done, 'group')} merged, {refused:,} refused")
    if refused:
        raise typer.Exit(FAILED)


def _merge_group(channel: grpc.Channel, kind: Mergeable, group: Any) -> str:
    """Merge a group as it was listed, and return an empty text, or why it was refused."""
    members = kind.members(group)
    survivor, *others = [member.id for member in members]
    etags = {member.id: member.etag for member in members}
    try:
        kind.merge(channel, survivor, others, etags=etags)
    except grpc.RpcError as error:
        if status_code(error) not in _OF_ONE_GROUP or not isinstance(error, grpc.Call):
            raise
        return error.details() or "the server does not say why"
    return ""


def _print_merged(kind: Mergeable, survivor: Any, others: Sequence[Any], *, as_json: bool) -> None:
    ids = [member.id for member in others]
    if as_json:
        typer.echo(json.dumps({"survivor_id": survivor.id, f"{kind.one}_ids": ids}))
    else:
        typer.echo(f"{kind.name(survivor)}: {' '.join(ids)} -> {survivor.id}")


def _print_group_json(tier: Tier, group: Any) -> None:
    record = {"tier": tier, **MessageToDict(group, preserving_proto_field_name=True)}
    typer.echo(json.dumps(record, ensure_ascii=False))


def _print_group(kind: Mergeable, tier: Tier, group: Any, *, apart: bool) -> None:
    if apart:
        typer.echo()
    more = f", and more {kind.one}s" if group.truncated else ""
    typer.echo(f"{tier}: {', '.join(kind.reasons(group))}{more}")
    table = empty_table(kind.numbers, kind.texts)
    for member in kind.members(group):
        table.add_row(*map(Text, (*kind.cells(member), member.id)))
    wide_console().print(table)
