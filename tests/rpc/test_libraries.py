"""LibraryService, as a client sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode

from fonoteca.v1 import library_pb2 as pb
from fonoteca.v1 import playlist_pb2
from service.database import Connection
from service.libraries.model import DEFAULT_LIBRARY_ID, MAX_NAME, MAX_SOURCE_FOLDER
from tests.support.errors import raises_status
from tests.support.tracks import insert_tracks

if TYPE_CHECKING:
    from fonoteca.v1.library_pb2_grpc import LibraryServiceAsyncStub
    from fonoteca.v1.playlist_pb2_grpc import PlaylistServiceAsyncStub

UNKNOWN = "01920000-0000-7000-8000-000000000000"


async def create(
    libraries: LibraryServiceAsyncStub, name: str, *, source_folder: str = ""
) -> pb.Library:
    library = pb.Library(name=name, source_folder=source_folder)
    return await libraries.CreateLibrary(pb.CreateLibraryRequest(library=library))


async def names(libraries: LibraryServiceAsyncStub) -> list[str]:
    response = await libraries.ListLibraries(pb.ListLibrariesRequest(page_size=1_000))
    return [library.name for library in response.libraries]


async def test_a_library_is_read_as_it_was_created(libraries: LibraryServiceAsyncStub) -> None:
    created = await libraries.CreateLibrary(
        pb.CreateLibraryRequest(
            library=pb.Library(
                id=UNKNOWN,  # output only: ignored
                name="Åse's records",
                source_folder="/music",
                processing_strategy="stems",
            )
        )
    )
    assert created.id != UNKNOWN
    assert created.name == "Åse's records"
    assert created.source_folder == "/music"
    assert created.processing_strategy == "stems"
    assert created.etag == '"1"'
    assert created.create_time == created.update_time
    assert await libraries.GetLibrary(pb.GetLibraryRequest(id=created.id)) == created
    assert await libraries.GetLibrary(pb.GetLibraryRequest(name="åSE'S RECORDS")) == created


async def test_the_default_library_exists(libraries: LibraryServiceAsyncStub) -> None:
    found = await libraries.GetLibrary(pb.GetLibraryRequest(name="Default"))
    assert found.id == str(DEFAULT_LIBRARY_ID)
    assert found.name == "default"


async def test_a_library_that_does_not_exist(libraries: LibraryServiceAsyncStub) -> None:
    with raises_status(StatusCode.NOT_FOUND, metadata={"kind": "library", "id": UNKNOWN}):
        await libraries.GetLibrary(pb.GetLibraryRequest(id=UNKNOWN))
    with raises_status(StatusCode.NOT_FOUND, metadata={"kind": "library", "id": "nowhere"}):
        await libraries.GetLibrary(pb.GetLibraryRequest(name="nowhere"))
    with raises_status(StatusCode.NOT_FOUND):
        await libraries.DeleteLibrary(pb.DeleteLibraryRequest(id=UNKNOWN))
    with raises_status(StatusCode.NOT_FOUND):
        await libraries.UpdateLibrary(pb.UpdateLibraryRequest(library=pb.Library(id=UNKNOWN)))


async def test_names_are_unique_regardless_of_case(libraries: LibraryServiceAsyncStub) -> None:
    await create(libraries, "Éric")
    taken = raises_status(StatusCode.ALREADY_EXISTS, metadata={"kind": "library", "id": "éRIC"})
    with taken:
        await create(libraries, "éRIC")
    other = await create(libraries, "Erik")
    with raises_status(StatusCode.ALREADY_EXISTS):
        await libraries.UpdateLibrary(
            pb.UpdateLibraryRequest(library=pb.Library(id=other.id, name="ÉRIC"))
        )


async def test_pages_follow_the_names(libraries: LibraryServiceAsyncStub) -> None:
    for name in ("b", "C", "a", "É", "Z"):
        await create(libraries, name)
    everything = await names(libraries)
    assert everything == ["a", "b", "C", "default", "Z", "É"]
    request, seen = pb.ListLibrariesRequest(page_size=2), []
    while True:
        response = await libraries.ListLibraries(request)
        assert len(response.libraries) == 2
        seen += [library.name for library in response.libraries]
        if not response.next_page_token:
            break
        request.page_token = response.next_page_token
    assert seen == everything


async def test_a_page_has_fifty_entries_at_first_and_a_thousand_at_most(
    libraries: LibraryServiceAsyncStub, connection: Connection
) -> None:
    await connection.execute(
        "INSERT INTO library (id, name)"
        " SELECT gen_random_uuid(), 'l' || number FROM generate_series(1, 1001) AS number"
    )
    usual = await libraries.ListLibraries(pb.ListLibrariesRequest())
    assert len(usual.libraries) == 50
    largest = await libraries.ListLibraries(pb.ListLibrariesRequest(page_size=100_000))
    assert len(largest.libraries) == 1_000
    rest = await libraries.ListLibraries(
        pb.ListLibrariesRequest(page_token=largest.next_page_token)
    )
    assert len(rest.libraries) == 2
    assert not rest.next_page_token


async def test_page_tokens_that_were_not_issued_are_refused(
    libraries: LibraryServiceAsyncStub,
) -> None:
    await create(libraries, "a")
    page = await libraries.ListLibraries(pb.ListLibrariesRequest(page_size=1))
    token = page.next_page_token
    middle = len(token) // 2
    changed = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]
    for forged in ("x", "A" * 60, "é", changed, token[:-4]):
        with raises_status(StatusCode.INVALID_ARGUMENT, field="page_token"):
            await libraries.ListLibraries(pb.ListLibrariesRequest(page_token=forged))
    with raises_status(StatusCode.INVALID_ARGUMENT, field="page_size"):
        await libraries.ListLibraries(pb.ListLibrariesRequest(page_size=-1))


@pytest.mark.parametrize(
    ("library", "field"),
    [
        (pb.Library(), "library.name"),
        (pb.Library(name=" \t"), "library.name"),
        (pb.Library(name="a\0b"), "library.name"),
        (pb.Library(name="x" * (MAX_NAME + 1)), "library.name"),
        (
            pb.Library(name="x", source_folder="x" * (MAX_SOURCE_FOLDER + 1)),
            "library.source_folder",
        ),
        (pb.Library(name="x", processing_strategy="\0"), "library.processing_strategy"),
    ],
)
async def test_bad_values_are_named(
    libraries: LibraryServiceAsyncStub, library: pb.Library, field: str
) -> None:
    with raises_status(StatusCode.INVALID_ARGUMENT, field=field):
        await libraries.CreateLibrary(pb.CreateLibraryRequest(library=library))
    existing = await create(libraries, "existing")
    library.id = existing.id
    with raises_status(StatusCode.INVALID_ARGUMENT, field=field):
        await libraries.UpdateLibrary(
            pb.UpdateLibraryRequest(library=library, update_mask=FieldMask(paths=["*"]))
        )


async def test_all_bad_fields_are_named_at_once(libraries: LibraryServiceAsyncStub) -> None:
    with raises_status(StatusCode.INVALID_ARGUMENT) as failure:
        await create(libraries, "", source_folder="\0")
    assert failure.fields == ["library.name", "library.source_folder"]


@pytest.mark.parametrize("bad", ["", "x", "0" * 36, "{" + UNKNOWN + "}", UNKNOWN.replace("-", "")])
async def test_bad_ids_are_named(libraries: LibraryServiceAsyncStub, bad: str) -> None:
    with raises_status(StatusCode.INVALID_ARGUMENT, field="id"):
        await libraries.GetLibrary(pb.GetLibraryRequest(id=bad))
    with raises_status(StatusCode.INVALID_ARGUMENT, field="id"):
        await libraries.DeleteLibrary(pb.DeleteLibraryRequest(id=bad))
    with raises_status(StatusCode.INVALID_ARGUMENT, field="library.id"):
        await libraries.UpdateLibrary(pb.UpdateLibraryRequest(library=pb.Library(id=bad)))


async def test_an_update_changes_what_the_mask_names(libraries: LibraryServiceAsyncStub) -> None:
    before = await create(libraries, "before", source_folder="/music")
    after = await libraries.UpdateLibrary(
        pb.UpdateLibraryRequest(
            library=pb.Library(id=before.id, name="after", processing_strategy="stems"),
            update_mask=FieldMask(paths=["source_folder", "processing_strategy"]),
        )
    )
    assert after.name == "before"
    assert after.source_folder == ""
    assert after.processing_strategy == "stems"
    assert after.etag == '"2"'
    assert after.create_time == before.create_time
    assert after.update_time.ToNanoseconds() > before.update_time.ToNanoseconds()


async def test_without_a_mask_the_fields_that_are_set_change(
    libraries: LibraryServiceAsyncStub,
) -> None:
    before = await create(libraries, "before", source_folder="/music")
    after = await libraries.UpdateLibrary(
        pb.UpdateLibraryRequest(library=pb.Library(id=before.id, name="after"))
    )
    assert (after.name, after.source_folder) == ("after", "/music")


async def test_a_path_that_does_not_exist_is_refused(libraries: LibraryServiceAsyncStub) -> None:
    library = await create(libraries, "one")
    for paths in (["nmae"], ["name.first"], ["etag."], [""], ["*", "nmae"]):
        with raises_status(StatusCode.INVALID_ARGUMENT, field="update_mask"):
            await libraries.UpdateLibrary(
                pb.UpdateLibraryRequest(library=library, update_mask=FieldMask(paths=paths))
            )


async def test_a_stale_etag_is_refused(libraries: LibraryServiceAsyncStub) -> None:
    old = await create(libraries, "one")
    new = await libraries.UpdateLibrary(pb.UpdateLibraryRequest(library=old))
    stale = {"current_etag": new.etag}
    with raises_status(StatusCode.ABORTED, reason="ETAG_MISMATCH", metadata=stale):
        await libraries.UpdateLibrary(pb.UpdateLibraryRequest(library=old))
    with raises_status(StatusCode.ABORTED, reason="ETAG_MISMATCH", metadata=stale):
        await libraries.DeleteLibrary(pb.DeleteLibraryRequest(id=old.id, etag=old.etag))
    await libraries.DeleteLibrary(pb.DeleteLibraryRequest(id=old.id, etag=new.etag))
    assert await names(libraries) == ["default"]


async def test_a_request_id_makes_a_request_repeatable(libraries: LibraryServiceAsyncStub) -> None:
    request = pb.CreateLibraryRequest(library=pb.Library(name="one"), request_id=str(uuid4()))
    first = await libraries.CreateLibrary(request)
    assert await libraries.CreateLibrary(request) == first
    request.library.name = "two"
    with raises_status(StatusCode.INVALID_ARGUMENT, field="request_id"):
        await libraries.CreateLibrary(request)
    with raises_status(StatusCode.INVALID_ARGUMENT, field="request_id"):
        await libraries.DeleteLibrary(
            pb.DeleteLibraryRequest(id=first.id, request_id=request.request_id)
        )
    request.request_id = "not a UUID"
    with raises_status(StatusCode.INVALID_ARGUMENT, field="request_id"):
        await libraries.CreateLibrary(request)
    assert await names(libraries) == ["default", "one"]


async def test_repeated_changes_are_done_once(libraries: LibraryServiceAsyncStub) -> None:
    library = await create(libraries, "one")
    update = pb.UpdateLibraryRequest(library=library, request_id=str(uuid4()))
    assert await libraries.UpdateLibrary(update) == await libraries.UpdateLibrary(update)
    delete = pb.DeleteLibraryRequest(id=library.id, request_id=str(uuid4()))
    await libraries.DeleteLibrary(delete)
    await libraries.DeleteLibrary(delete)


async def test_a_request_id_is_free_again_when_the_request_failed(
    libraries: LibraryServiceAsyncStub,
) -> None:
    await create(libraries, "one")
    request = pb.CreateLibraryRequest(library=pb.Library(name="one"), request_id=str(uuid4()))
    with raises_status(StatusCode.ALREADY_EXISTS):
        await libraries.CreateLibrary(request)
    request.library.name = "two"
    assert (await libraries.CreateLibrary(request)).name == "two"


async def test_a_library_with_tracks_is_deleted_only_by_force(
    libraries: LibraryServiceAsyncStub, connection: Connection
) -> None:
    library = await create(libraries, "one")
    await insert_tracks(connection, 2, library_id=UUID(library.id))
    with raises_status(StatusCode.FAILED_PRECONDITION):
        await libraries.DeleteLibrary(pb.DeleteLibraryRequest(id=library.id))
    await libraries.DeleteLibrary(pb.DeleteLibraryRequest(id=library.id, force=True))
    row = await (await connection.execute("SELECT count(*) FROM track")).fetchone()
    assert row == (0,)


async def test_a_library_with_playlists_is_deleted_only_by_force(
    libraries: LibraryServiceAsyncStub, playlists: PlaylistServiceAsyncStub
) -> None:
    library = await create(libraries, "one")
    playlist = await playlists.CreatePlaylist(
        playlist_pb2.CreatePlaylistRequest(
            playlist=playlist_pb2.Playlist(name="a list", library_id=library.id)
        )
    )
    await playlists.DeletePlaylist(playlist_pb2.DeletePlaylistRequest(id=playlist.id))
    with raises_status(StatusCode.FAILED_PRECONDITION):  # it could still be brought back
        await libraries.DeleteLibrary(pb.DeleteLibraryRequest(id=library.id))
    await libraries.DeleteLibrary(pb.DeleteLibraryRequest(id=library.id, force=True))
    with raises_status(StatusCode.NOT_FOUND):
        await playlists.GetPlaylist(playlist_pb2.GetPlaylistRequest(id=playlist.id))


async def test_the_default_library_cannot_be_deleted(libraries: LibraryServiceAsyncStub) -> None:
    with raises_status(StatusCode.FAILED_PRECONDITION):
        await libraries.DeleteLibrary(
            pb.DeleteLibraryRequest(id=str(DEFAULT_LIBRARY_ID), force=True)
        )
