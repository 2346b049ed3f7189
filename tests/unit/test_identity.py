"""Laws of recognizing files, whatever arrives."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from service.tracks.identity import (
    Arrival,
    Identification,
    KnownFile,
    Likeness,
    Song,
    likeness,
    same_bytes,
    stem_of,
)

_songs = st.builds(
    Song,
    title=st.sampled_from(["a", "b"]),
    album=st.none(),
    disc=st.none(),
    number=st.sampled_from([None, 1]),
)
_uris = st.builds(
    "{}/{}.{}".format,
    st.sampled_from(["x", "y"]),
    st.sampled_from(["1", "2"]),
    st.sampled_from(["mp3", "flac"]),
)
_hashes = st.none() | st.sampled_from("sr")
_lengths = st.sampled_from([None, 1_000, 2_000, 9_000])
_arrivals = st.lists(
    st.builds(Arrival, _uris, _hashes, _hashes, _lengths, _songs),
    max_size=6,
    unique_by=lambda new: new.uri,
)


@st.composite
def _known(draw: st.DrawFn) -> list[KnownFile]:
    """Files of a few tracks; of those at one address, one is there at most."""
    taken: set[str] = set()
    files = []
    for number in range(draw(st.integers(0, 6))):
        uri = draw(_uris)
        is_missing = uri in taken or draw(st.booleans())
        if not is_missing:
            taken.add(uri)
        track_id = UUID(int=draw(st.integers(1, 3)))
        facts = draw(_hashes), draw(_hashes), draw(_lengths), is_missing, draw(_songs)
        files.append(KnownFile(UUID(int=100 + number), track_id, uri, *facts))
    return files


@given(arrivals=_arrivals, known=_known())
def test_every_file_gets_a_verdict_that_can_be(
    arrivals: list[Arrival], known: list[KnownFile]
) -> None:
    found = Identification(arrivals, known)
    verdicts = found.verdicts
    files = {file.id: file for file in known}
    assert len(verdicts) == len(arrivals)
    claimed = Counter(verdict.file_id for verdict in verdicts if verdict.file_id)
    assert all(count == 1 for count in claimed.values())
    for index, verdict in enumerate(verdicts):
        if verdict.file_id:
            assert files[verdict.file_id].track_id == verdict.track_id
        if verdict.like is not None:
            first = verdicts[verdict.like]
            assert verdict.like < index
            assert (first.track_id, first.like) == (None, None)
    assert not {file.id for file in found.gone} & claimed.keys()
    addresses = {new.uri for new in arrivals}
    assert all(file.uri in addresses and not file.is_missing for file in found.gone)


@given(arrivals=_arrivals, known=_known())
def test_two_files_are_never_at_one_address(
    arrivals: list[Arrival], known: list[KnownFile]
) -> None:
    found = Identification(arrivals, known)
    moved = {verdict.file_id for verdict in found.verdicts} | {file.id for file in found.gone}
    stay = Counter(file.uri for file in known if not file.is_missing and file.id not in moved)
    stay.update(new.uri for new in arrivals)
    assert all(count == 1 for count in stay.values())


@given(known=_known())
def test_what_has_not_changed_is_what_it_was(known: list[KnownFile]) -> None:
    there = [file for file in known if not file.is_missing]
    arrivals = [
        Arrival(file.uri, file.content_hash, file.audio_hash, file.duration_ms, file.song)
        for file in there
    ]
    verdicts = Identification(arrivals, known).verdicts
    assert [verdict.file_id for verdict in verdicts] == [file.id for file in there]


def test_a_file_of_an_earlier_audio_hash_is_known_by_its_bytes() -> None:
    song = Song("a", None, None, None)
    known = KnownFile(UUID(int=9), UUID(int=1), "x/1.mp3", "bytes", "old", 1_000, False, song)
    for uri in ("x/1.mp3", "y/2.mp3"):
        found = Identification([Arrival(uri, "bytes", "new", 1_000, song)], [known])
        assert [verdict.track_id for verdict in found.verdicts] == [known.track_id]
    gone = replace(known, is_missing=True)
    found = Identification([Arrival("y/2.mp3", "bytes", "new", 1_000, song)], [gone])
    assert [verdict.file_id for verdict in found.verdicts] == [known.id]


@given(one=_arrivals, other=_arrivals)
def test_likeness_has_no_direction(one: list[Arrival], other: list[Arrival]) -> None:
    for first in one:
        for second in other:
            assert likeness(first, second) is likeness(second, first)
            if same_bytes(first, second):
                assert likeness(first, second) is Likeness.SAME


def test_the_stem_of_an_address_ends_before_the_suffix() -> None:
    assert stem_of("file:///a.b/c.d.mp3") == "file:///a.b/c.d"
    assert stem_of("file:///a.b/c") == "file:///a.b/c"
    assert stem_of("file:///a.b/.mp3") == "file:///a.b/.mp3"
