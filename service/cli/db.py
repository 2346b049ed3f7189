"""`fonoteca db`: migrate the database, look at it, save it, bring it back.

The commands work on DATABASE_URL or else on the embedded PostgreSQL, which is started for as long
as the command runs unless a service runs it already.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from service.cli.local import database, explained
from service.cli.terminal import FAILED, CommandError, bytes_progress, counted, megabytes, say
from service.database import backup, migrations

_DIRECT: Final = "Behind PgBouncer, set DATABASE_URL to PostgreSQL itself for these commands."

_app = typer.Typer(no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(
        _app, name="db", help="Migrate, inspect, back up and restore the database.", epilog=_DIRECT
    )


@_app.command()
def upgrade(
    revision: Annotated[str, typer.Argument(help="Revision to stop at.")] = "head",
) -> None:
    """Migrate the schema forward. Safe while other replicas do the same.

    Example: DATABASE_URL=postgresql://fonoteca@db/fonoteca fonoteca db upgrade
    """
    with explained(), database(create=True) as url:
        migrations.upgrade(url, revision, on_step=lambda step: say(f"applied {step}"))
        say(f"the schema is at {migrations.current(url)}")


@_app.command()
def downgrade(
    revision: Annotated[
        str, typer.Argument(help='Revision to go back to; "base" removes everything.')
    ],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Migrate the schema back. Data that the older schema has no place for are lost.

    Example: fonoteca db downgrade 0003
    """
    with explained(), database() as url:
        if not yes:
            typer.confirm(f"Go back to {revision}, and lose what came with later ones?", abort=True)
        migrations.downgrade(url, revision, on_step=lambda step: say(f"undid {step}"))
        say(f"the schema is at {migrations.current(url) or 'base'}")


@_app.command()
def status() -> None:
    """Show the database and whether its schema is the one that is needed (if not, exit code 1).

    Example: fonoteca db status
    """
    with explained(), database() as url:
        server = backup.describe(url)
        found = migrations.current(url)
        problem = _schema_problem(found)
        for name, value in (
            ("database", server.location),
            ("server", f"PostgreSQL {server.version}"),
            ("size", megabytes(server.size)),
            ("revision", found or "none"),
            ("needed", migrations.head()),
            ("schema", problem or "up to date"),
        ):
            typer.echo(f"{name:9} {value}")
    raise typer.Exit(FAILED if problem else 0)


@_app.command("backup")
def save(
    file: Annotated[Path, typer.Argument(help="Where to write the backup.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Save the database as of now to FILE, while the service goes on.

    The format is pg_dump's custom one, so pg_restore reads it too.

    Example: fonoteca db backup fonoteca-2026-11-20.dump
    """
    with explained(), database() as url:
        if not file.parent.is_dir():
            raise CommandError(f"there is no folder {file.parent}: create it, or name another file")
        if file.exists() and not force:
            raise CommandError(f"{file} exists: name another file, or replace it with --force")
        with bytes_progress("backing up") as progress:
            backup.backup(url, file, progress)
        say(f"saved to {file} ({megabytes(file.stat().st_size)})")


@_app.command()
def restore(
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="What `fonoteca db backup` wrote."),
    ],
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Throw away what the database holds now.")
    ] = False,
) -> None:
    """Bring back what FILE holds: all of it, or, when anything fails, nothing.

    Stop the service first. The database must be empty, unless --force is given.

    Example: fonoteca db restore --force fonoteca-2026-11-20.dump
    """
    with explained(), database(create=True) as url:
        if not force and not backup.is_empty(url):
            raise CommandError(
                "the database is not empty: back it up, then throw its content away with --force"
            )
        with bytes_progress("restoring") as progress:
            backup.restore(url, file, progress)
        say(f"restored; the schema is {_schema_problem(migrations.current(url)) or 'up to date'}")


def _schema_problem(found: str | None) -> str | None:
    """Say in words how a revision falls short of the one needed; None when it does not."""
    pending = migrations.pending(found)
    if pending is None:
        return "of another version of fonoteca: use that one, or restore a backup"
    if pending:
        return f"{counted(len(pending), 'step')} behind: run `fonoteca db upgrade`"
    return None
