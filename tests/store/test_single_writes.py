"""A track that is written alone is the same row as one among others, by one plan for all values."""

from __future__ import annotations

from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from hypothesis import HealthCheck, given, settings

from fonoteca.v1 import track_pb2 as pb
from service.database import Connection, Database
from service.tracks import write
from tests.support.samples import any_track
from tests.support.writing import write_tracks

_ROW = """
SELECT
    to_jsonb(t) - '{id,document,revision,created_at,updated_at}'::text[]
FROM track AS t
WHERE t.id = %s::uuid
"""
_PLANS = """
SELECT count(*), sum(generic_plans), sum(custom_plans)
FROM pg_prepared_statements
WHERE statement LIKE %s
"""
_OFTEN = 12


async def _row(connection: Connection, track: pb.Track) -> dict[str, Any]:
    [(row,)] = await (await connection.execute(_ROW, [track.id])).fetchall()
    assert isinstance(row, dict)
    return row


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(wanted=any_track())
async def test_any_track_alone_is_stored_as_among_others(
    connection: Connection, wanted: pb.Track
) -> None:
    del wanted.files[:], wanted.sources[:]  # only one track may have these
    among, _ = await write_tracks(connection, wanted, pb.Track(title="Another"))
    [alone] = await write_tracks(connection, wanted)
    [changed] = await write_tracks(connection, pb.Track(title="Before", status=wanted.status))
    wanted.id = changed.id
    await write.update(connection, wanted, FieldMask(paths=["*"]))
    expected = await _row(connection, among)
    assert await _row(connection, alone) == expected
    assert await _row(connection, changed) == expected


async def test_tracks_are_written_by_one_statement_whatever_they_say(database: Database) -> None:
    tracks = [
        pb.Track(title="Nothing else"),
        pb.Track(title="Heard", popularity=12.5, explicit=True, track_number=3),
        pb.Track(
            title="Unheard", popularity=0, explicit=False, track_number=9_999, isrc="GBUM71029605"
        ),
    ]

    async def work(connection: Connection) -> list[tuple[int, int, int]]:
        await connection.execute("DEALLOCATE ALL")
        for number in range(_OFTEN):
            [track] = await write_tracks(connection, tracks[number % len(tracks)])
            track.title = f"Take {number}"
            await write.update(connection, track, FieldMask(paths=["title"]))
        return [
            row
            for start in ("INSERT INTO track (%", "UPDATE track AS t%")
            for row in await (await connection.execute(_PLANS, [start])).fetchall()
        ]

    assert [plans for plans in await database.write(work) if plans[0] != 1 or plans[2]] == []
