"""The artist of a file's tags, which may be one text for several artists.

Works on batches, whose files are evidence for one another: whoever stands alone in one of them, or
in a list of names, is an artist in the others too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from fonoteca.v1 import track_pb2 as pb
from service.artists.model import DISPLAYED_ROLES, CreditedName
from service.credits import store
from service.credits.model import Evidence, Split, candidates, has_signs, split
from service.database import Connection
from service.provenance.model import RULE, Attribution, Conclusion
from service.tracks.grouping import is_told_by_folder
from service.tracks.items import Item
from service.wire.types import encode_credits

_RULE: Final = "credit splitting"
_ARTISTS: Final = "musicbrainz_artist_id"
_ALBUM_ARTISTS: Final = "musicbrainz_album_artist_id"


async def split_credits(connection: Connection, items: Sequence[Item]) -> list[Item]:
    """Return the items with their artists apart, where that is certain; list the other names."""
    texts = {index: text for index, item in enumerate(items) if (text := _text_of(item))}
    of_albums = {index: text for index, item in enumerate(items) if (text := _album_text_of(item))}
    if not texts and not of_albums:
        return list(items)
    every = {*texts.values(), *of_albums.values()}
    wanted = {name for text in every for name in candidates(text)}
    found = await store.evidence(connection, wanted)
    evidence = Evidence(found.known | set(_named(items)), found.decided)
    result = list(items)
    undecided: set[str] = set()
    for index, text in texts.items():
        answer = split(text, evidence, _count(items[index], _ARTISTS))
        undecided.update(answer.undecided)
        if len(answer.names) > 1:
            result[index] = _with_names(result[index], answer)
    for index, text in of_albums.items():
        answer = split(text, evidence, _count(items[index], _ALBUM_ARTISTS))
        undecided.update(answer.undecided)
        if len(answer.names) > 1:
            result[index] = _with_album_names(result[index], answer.names)
    await store.add_reviews(connection, undecided)
    return result


def _text_of(item: Item) -> str:
    """Return the text that may name several artists; empty when the tags list them."""
    return _only_text([name for name in item.draft.credits if name.role in DISPLAYED_ROLES])


def _album_text_of(item: Item) -> str:
    """Return the text that may name several album artists.

    An album that is told by the name of its first artist would become another one: it keeps its
    text.
    """
    album = item.draft.album
    return _only_text(album.credits) if album and is_told_by_folder(item.draft) else ""


def _only_text(names: Sequence[CreditedName]) -> str:
    if len(names) != 1 or names[0].artist_id or not has_signs(names[0].name):
        return ""
    return names[0].name


def _count(item: Item, key: str) -> int:
    """Return how many artists there are by the MusicBrainz ids of the tags, or 0."""
    return len({fact.value for fact in item.draft.attributes if fact.key.lower() == key})


def _named(items: Sequence[Item]) -> Iterator[str]:
    """Yield the names that are certainly those of artists."""
    for item in items:
        shown = [name.name for name in item.draft.credits if name.role in DISPLAYED_ROLES]
        if len(shown) > 1 or _count(item, _ARTISTS) == 1:
            yield from shown
        else:
            yield from (name for name in shown if not has_signs(name))


def _with_names(item: Item, answer: Split) -> Item:
    """Return an item whose one artist is several, as a rule has concluded."""
    others = tuple(name for name in item.draft.credits if name.role not in DISPLAYED_ROLES)
    credits = (*answer.names, *others)
    message = pb.Track()
    message.CopyFrom(item.message)
    del message.credits[:]
    message.credits.extend(encode_credits(credits))
    before = pb.Track(credits=item.message.credits).SerializeToString()
    by = Attribution(RULE, _RULE, answer.confidence)
    return replace(
        item,
        message=message,
        draft=replace(item.draft, credits=credits),
        conclusion=Conclusion("credits", by, before),
    )


def _with_album_names(item: Item, names: tuple[CreditedName, ...]) -> Item:
    """Return an item whose album artist is several. The text is that of the tag, so it says so."""
    if item.draft.album is None:
        return item
    message = pb.Track()
    message.CopyFrom(item.message)
    del message.album.credits[:]
    message.album.credits.extend(encode_credits(names))
    album = replace(item.draft.album, credits=names)
    return replace(item, message=message, draft=replace(item.draft, album=album))
