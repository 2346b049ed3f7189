"""`fonoteca purge`: what was deleted long ago goes for good.

It works on DATABASE_URL or else on the embedded PostgreSQL, and on the stores of pictures and of
sent files of the settings, beside the services that use them.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

import typer

from service.cli.local import database, explained
from service.cli.options import flowing
from service.cli.terminal import CommandError, counted, say
from service.database import Database, migrations
from service.errors import DomainError
from service.purge.model import Kind, days_ago
from service.purge.purging import count_noted, purge, rehearse, stores_of
from service.settings import load_settings

_EPILOG = flowing("""
Set DATABASE_URL, FONOTECA_ARTWORK_STORE and FONOTECA_MEDIA_STORE as for the service, on a machine
that has the folder of the last one. With FONOTECA_PURGE_AFTER_DAYS the service does this by itself.
What a playlist has, and pictures that a file or a cover has, stay.

What nothing refers to is noted by the first purge that finds it so, and goes with one that comes so
many days later and still does. A dry run notes nothing.

Exit code: 0 when all is done, 1 when it is not, 130 after Ctrl-C: what has gone has gone, and the
same command goes on.
""")

T = TypeVar("T")


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("purge", epilog=_EPILOG)(purge_old)


def purge_old(
    *,
    older_than: Annotated[
        int,
        typer.Option(
            min=1,
            max=36_500,
            metavar="DAYS",
            show_default=False,
            help="How many days ago.",
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say how much would go; remove nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the counts as one line of JSON.")
    ] = False,
) -> None:
    """Remove for good what was deleted long ago.

    Deleted tracks and playlists; albums and artists that have nothing any more, links of pictures
    to files that are nowhere, pictures and sent files that nothing has. What has gone cannot be
    undeleted or unmerged.

    Example: fonoteca purge --older-than 90 --dry-run
    """
    with explained(), database() as url:
        if not migrations.is_current(url):
            raise CommandError("the schema is not the one needed: see `fonoteca db status`")
        if dry_run:
            _print(_run(_count(url, older_than)), "would go", as_json=as_json)
            return
        if not yes:
            _ask(_run(_count(url, older_than)))
        gone: Counter[Kind] = Counter()
        try:
            noted = _run(_purge(url, older_than, gone))
        finally:
            _print(gone, "gone for good", as_json=as_json)
        if noted:
            say(f"{noted:,} noted that nothing refers to: to go when that has lasted long enough")


def _ask(found: Counter[Kind]) -> None:
    if found.total():
        _print(found, "would go", as_json=False)
        typer.confirm("Remove them for good?", abort=True, err=True)


def _run(work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(work)
    except DomainError as error:
        raise CommandError(str(error)) from error


async def _count(url: str, days: int) -> Counter[Kind]:
    settings = load_settings()
    opened = Database(url, settings)
    await opened.open()
    try:
        return await rehearse(opened, stores_of(settings), days_ago(days))
    finally:
        await opened.close()


async def _purge(url: str, days: int, gone: Counter[Kind]) -> int:
    """Purge, and count in `gone` what goes; return how much is noted, but has not gone."""
    settings = load_settings()
    opened = Database(url, settings)
    await opened.open()
    try:
        async for kind, count in purge(opened, stores_of(settings), days_ago(days)):
            gone[kind] += count
        return await count_noted(opened)
    finally:
        await opened.close()


def _print(counts: Counter[Kind], what: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({kind: counts[kind] for kind in Kind}))
        return
    each = (counted(counts[kind], kind.removesuffix("s").replace("_", " ")) for kind in Kind)
    say(f"{', '.join(each)} {what}")
