"""Streams of tracks are cut into batches and prepared ahead."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from typing import TypeVar

import pytest

from fonoteca.v1.track_pb2 import ImportTracksRequest, Track
from service.ingest import client
from service.ingest.client import ahead, batches, split
from service.ingest.problems import SourceError

T = TypeVar("T")


def entries(count: int, lyrics: str = "") -> Iterator[tuple[int, Track]]:
    return ((number, Track(title=str(number), lyrics=lyrics)) for number in range(count))


def titles(messages: tuple[ImportTracksRequest, ...]) -> list[str]:
    return [track.title for message in messages for track in message.tracks]


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1000, 1999, 2000, 2001, 5003])
def test_every_track_is_in_one_batch_and_in_order(count: int) -> None:
    made = list(batches(entries(count), size=2000, library_id="x", validate_only=True))
    assert [title for batch in made for title in titles(batch.messages)] == [
        str(number) for number in range(count)
    ]
    assert [place for batch in made for place in batch.places] == list(range(count))
    assert all(len(batch.places) == 2000 for batch in made[:-1])
    assert all(titles(batch.messages) == [str(place) for place in batch.places] for batch in made)
    messages = [message for batch in made for message in batch.messages]
    assert all(0 < len(message.tracks) <= client.MESSAGE_TRACKS for message in messages)
    assert all(message.library_id == "x" and message.validate_only for message in messages)


def test_long_tracks_make_small_messages_and_batches() -> None:
    made = list(batches(entries(1000, "x" * 100_000)))
    messages = [message for batch in made for message in batch.messages]
    assert all(message.ByteSize() <= client.MESSAGE_BYTES for message in messages)
    assert len(made) == 2
    assert sum(len(message.tracks) for message in messages) == 1000


def test_a_single_track_is_not_split() -> None:
    message = ImportTracksRequest(tracks=[Track(lyrics="x" * (client.MESSAGE_BYTES + 1))])
    assert list(split(message)) == [message]


def test_what_came_before_a_broken_source_is_a_batch() -> None:
    def broken() -> Iterator[tuple[int, Track]]:
        yield from entries(3)
        raise SourceError("cut off")

    made = batches(broken())
    assert len(next(made).places) == 3
    with pytest.raises(SourceError, match="cut off"):
        next(made)


def generator(items: list[T], closed: threading.Event) -> Generator[T, None, None]:
    try:
        yield from items
    finally:
        closed.set()


def test_items_come_through_the_thread_in_order() -> None:
    closed = threading.Event()
    assert list(ahead(generator([1, None, ValueError], closed))) == [1, None, ValueError]
    assert closed.is_set()


def test_errors_come_through_the_thread() -> None:
    def broken() -> Generator[int, None, None]:
        yield 1
        raise SourceError("cut off")

    items = ahead(broken())
    assert next(items) == 1
    with pytest.raises(SourceError, match="cut off"):
        next(items)


def test_stopping_early_stops_the_thread_and_the_source() -> None:
    closed = threading.Event()
    items = ahead(generator(list(range(1000)), closed), depth=1)
    assert next(items) == 0
    items.close()
    assert closed.is_set()
    assert not any(thread.name == "ahead" for thread in threading.enumerate())
