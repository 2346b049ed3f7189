"""`fonoteca libraries` against the service, as a person runs it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.conftest import Run


async def listed(run: Run) -> dict[str, dict[str, Any]]:
    result = await run("libraries", "list", "--json")
    found = [json.loads(line) for line in result.stdout.splitlines()]
    return {library["name"]: library for library in found}


async def test_a_library_is_created_changed_and_deleted(run: Run) -> None:
    planned = await run("libraries", "create", "vinyl", "--dry-run")
    assert planned.stdout == "vinyl would be created\n"
    assert set(await listed(run)) == {"default"}
    created = await run("libraries", "create", "vinyl", "--source-folder", "/v", "--json")
    library = json.loads(created.stdout)
    assert (await listed(run))["vinyl"] == library
    assert f"vinyl /v {library['id']}" in " ".join((await run("libraries", "list")).stdout.split())
    taken = await run("libraries", "create", "Vinyl")
    assert (taken.exit_code, "vinyl" in taken.stderr.lower()) == (1, True)
    changed = await run("libraries", "update", "vinyl", "--name", "records", "--source-folder", "")
    assert changed.stdout == "records is changed\n"
    assert "source_folder" not in (await listed(run))["records"]
    kept = await run("libraries", "delete", "records", answer="n\n")
    assert (kept.exit_code, "Delete records for good?" in kept.stderr) == (1, True)
    assert (await run("libraries", "delete", "records", "--dry-run")).exit_code == 0
    assert "records" in await listed(run)
    assert (await run("libraries", "delete", library["id"], "--yes")).exit_code == 0
    assert set(await listed(run)) == {"default"}


async def test_what_says_nothing_is_refused(run: Run) -> None:
    nothing = await run("libraries", "update", "default")
    assert (nothing.exit_code, "say what to change" in nothing.stderr) == (2, True)
    unknown = await run("libraries", "delete", "nowhere", "--yes")
    assert (unknown.exit_code, "there is no library nowhere" in unknown.stderr) == (1, True)
