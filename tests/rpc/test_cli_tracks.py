"""`fonoteca tracks` against the service, as a person runs it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from fonoteca.v1.types_pb2 import AudioFile, PartialDate
from tests.support.samples import UNKNOWN

if TYPE_CHECKING:
    from tests.conftest import NewTrack, Run


async def listed(run: Run, *arguments: str) -> list[dict[str, Any]]:
    result = await run("tracks", "list", "--json", *arguments)
    assert result.exit_code == 0
    return [json.loads(line) for line in result.stdout.splitlines()]


async def test_tracks_are_listed_and_shown(run: Run, new_track: NewTrack) -> None:
    date = PartialDate(year=1999, month=3)
    one = await new_track(
        "One", artist="X", release_date=date, files=[AudioFile(uri="file:///1")], genres=["pop"]
    )
    await new_track("Two")
    table = await run("tracks", "list", "--filter", "year:1999", "--library", "default")
    assert table.stdout.splitlines()[1].split() == ["1999", "One", "X", one.id]
    found = await listed(run, "--order-by", "title desc", "--limit", "1")
    assert [track["title"] for track in found] == ["Two"]
    shown = [
        line.split(maxsplit=1) for line in (await run("tracks", "show", one.id)).stdout.splitlines()
    ]
    fields = {row[0]: row[1].strip() for row in shown}
    assert fields["title"] == "One"
    assert (fields["credits"], fields["release_date"]) == ("X", "1999-03")
    assert (fields["genres"], fields["file"]) == ("pop", "file:///1")
    whole = await run("tracks", "show", one.id, "--json")
    assert json.loads(whole.stdout)["id"] == one.id
    bad = await run("tracks", "list", "--filter", "year:")
    assert (bad.exit_code, "column" in bad.stderr) == (1, True)
    nothing = await run("tracks", "list", "--deleted")
    assert (nothing.exit_code, "no such track" in nothing.stderr) == (0, True)


async def test_tracks_are_deleted_and_come_back(run: Run, new_track: NewTrack) -> None:
    one, two = [(await new_track(title)).id for title in ("One", "Two")]
    planned = await run("tracks", "delete", "--filter", "title:one", "--dry-run")
    assert planned.stdout == "1 track would be deleted\n"
    refused = await run("tracks", "delete", one, answer="n\n")
    assert (refused.exit_code, "Delete 1 track?" in refused.stderr) == (1, True)
    assert len(await listed(run)) == 2
    done = await run("tracks", "delete", "no-id", one, UNKNOWN, "--yes")
    assert (done.exit_code, done.stdout) == (1, "1 track deleted\n")
    assert f"{UNKNOWN}: " in done.stderr
    assert "no-id: " in done.stderr
    assert [track["id"] for track in await listed(run)] == [two]
    assert [track["id"] for track in await listed(run, "--deleted")] == [one]
    assert one in (await run("tracks", "list", "--deleted")).stdout
    back = await run("tracks", "undelete", one)
    assert (back.exit_code, back.stdout) == (0, "1 track there again\n")
    assert len(await listed(run)) == 2
    none = await run("tracks", "delete", "--filter", "title:three", "--yes")
    assert (none.exit_code, "no such track" in none.stderr) == (0, True)


@pytest.mark.parametrize("arguments", [[], ["x", "--filter", "title:x"]])
async def test_what_to_delete_is_said_once(run: Run, arguments: list[str]) -> None:
    assert (await run("tracks", "delete", *arguments)).exit_code == 2
