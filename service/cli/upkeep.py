"""`fonoteca search status`, `verify` and `rebuild`: the index is to be true to the catalogue.

They work on DATABASE_URL or else on the embedded PostgreSQL, beside the services that use it.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from typer.core import TyperCommand
from typer.main import get_group

from service.cli.local import database, explained
from service.cli.progress import meter
from service.cli.terminal import FAILED, USAGE, CommandError, counted, leave, say
from service.database import Database, migrations
from service.errors import DomainError
from service.settings import load_settings
from service.upkeep import rounds, store
from service.upkeep.model import STAGES, Fault, Finding, Stage

_TURN_SECONDS: Final = 0.05
"""How long to wait while a server takes the rebuild one batch further itself."""

_ROWS: Final = "rows"

_app = typer.Typer(no_args_is_help=True)


class SearchCommand(TyperCommand):
    """`fonoteca search QUERY`, unless the first word is a command about the index.

    After an option, or after `--`, every word belongs to the query.
    """

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **extra: Any) -> Any:
        """Parse the arguments, by the command to which they belong."""
        group = get_group(_app)
        if args and args[0] in group.commands:
            return group.make_context(info_name, args, *more, **extra)
        return super().make_context(info_name, args, *more, **extra)


@_app.command()
def status() -> None:
    """Show what the index of search holds, and how far its upkeep has come.

    Exit code 1 when tracks are missing or superfluous in the index, or names are to be folded anew.

    Example: fonoteca search status
    """
    _run(_status)


@_app.command()
def verify(
    *,
    repair: Annotated[bool, typer.Option("--repair", help="Mend what is wrong.")] = False,
    start: Annotated[
        str,
        typer.Option("--from", metavar="STAGE[:POSITION]", help="Go on where it was broken off."),
    ] = STAGES[0],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON for each fault.")
    ] = False,
) -> None:
    """Look whether searches find what they should, and list what is wrong.

    Makes every entry of the index again, and all that it derives from, and compares. Reads and
    writes go on meanwhile. Exit code 1 when something was wrong, repaired or not.

    Example: fonoteca search verify --repair
    """
    stage, position = _place(start)
    _run(lambda database: _verify(database, stage, position, repair=repair, as_json=as_json))


@_app.command()
def rebuild() -> None:
    """Make the whole index again, in small batches, while reads and writes go on.

    The service does so by itself when an upgrade has changed how names are compared. After Ctrl-C,
    the services of the database go on in the background, and so does the next rebuild.

    Example: fonoteca search rebuild
    """
    _run(_rebuild)


def _run(work: Callable[[Database], Awaitable[int]]) -> None:
    """Do `work` on the database, and leave with the code that it returns."""
    with explained(), database() as url:
        if not migrations.is_current(url):
            raise CommandError("the schema is not the one needed: see `fonoteca db status`")
        try:
            code = asyncio.run(_opened(url, work))
        except DomainError as error:
            raise CommandError(str(error)) from error
        raise typer.Exit(code)


async def _opened(url: str, work: Callable[[Database], Awaitable[int]]) -> int:
    database = Database(url, load_settings())
    await database.open()
    try:
        return await work(database)
    finally:
        await database.close()


async def _status(database: Database) -> int:
    async with database.read() as connection:
        state, fold_version = await store.state(connection)
        ended = await store.last_round(connection)
        census = await store.census(connection)
    is_folded = state.fold_version == fold_version
    folding = f", of which {fold_version} is to replace it: the names are being folded anew"
    for name, value in (
        ("tracks", f"{census.findable:,} to be found"),
        ("entries", f"{census.entries:,}: {census.missing:,} missing, {census.stray:,} too many"),
        ("tiers", " + ".join(f"{entries:,}" for entries in census.tiers) or "none"),
        ("words", f"{census.words:,}: {census.unused_words:,} unused"),
        ("fold", f"version {state.fold_version}{'' if is_folded else folding}"),
        ("upkeep", f"{'rebuilds' if state.is_rebuild else 'looks at'} {state.stage}"),
        ("last", f"{ended:%Y-%m-%d %H:%M:%S %Z}" if ended else "no round has ended yet"),
    ):
        typer.echo(f"{name:8} {value}")
    return 0 if is_folded and not (census.missing or census.stray) else FAILED


async def _verify(
    database: Database, stage: Stage, position: str, *, repair: bool, as_json: bool
) -> int:
    found: Counter[Fault] = Counter()
    rows = await _rows(database)
    done, place = 0, f"{stage}:{position}"
    try:
        with meter(Console(stderr=True), _ROWS) as view:
            async for current, look in rounds.verify(database, stage, position, repair=repair):
                place = f"{current}:{look.last}" if look.last else current.next or current
                done += look.count
                found.update(finding.fault for finding in look.findings)
                for finding in look.findings:
                    typer.echo(_as_json(finding) if as_json else _as_text(finding))
                view.show(done, min(done / rows, 1.0))
    except asyncio.CancelledError:
        say(f"go on with --from {place}")
        raise
    errors = sum(count for fault, count in found.items() if fault.is_error)
    say(f"{counted(errors, 'fault')}, {counted(found[Fault.UNUSED_WORD], 'unused word')}")
    if found:
        say("mended, but for what the lines say" if repair else "mend with --repair")
    return FAILED if errors else 0


async def _rebuild(database: Database) -> int:
    mended = 0
    rows = await _rows(database)
    state = await rounds.request_rebuild(database)
    with meter(Console(stderr=True), _ROWS) as view:
        while state.is_rebuild:
            view.show(state.looked_at, min(state.looked_at / rows, 1.0))
            if advanced := await rounds.advance(database):
                state, look = advanced
                mended += sum(finding.fault.can_be_mended for finding in look.findings)
            else:
                await asyncio.sleep(_TURN_SECONDS)
                async with database.read() as connection:
                    state, _ = await store.state(connection)
    say(f"rebuilt; {counted(mended, 'fault')} mended")
    return 0


async def _rows(database: Database) -> int:
    async with database.read() as connection:
        return max(await store.count_rows(connection), 1)


def _place(text: str) -> tuple[Stage, str]:
    """Read what `--from` names; leaves with a sentence when that is no place."""
    name, _, position = text.partition(":")
    if name not in STAGES:
        leave(USAGE, f"--from {text}: must begin with one of {', '.join(STAGES)}")
    stage = Stage(name)
    if position and not stage.has(position):
        leave(USAGE, f"--from {text}: {position} is no position among {stage}")
    return stage, position or stage.start


def _as_json(finding: Finding) -> str:
    return json.dumps(
        {"stage": finding.stage, "subject": finding.subject, "fault": finding.fault.name},
        ensure_ascii=False,
    )


def _as_text(finding: Finding) -> str:
    return f"{finding.stage} {finding.subject}: {finding.fault}"
