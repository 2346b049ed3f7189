"""The artist of a file's tags, which may be one text for several artists.

Works on batches, whose files are evidence for one another: whoever stands alone in one of them, or
in a list of names, is an artist in the others too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from fonoteca.v1 import track_pb2 as pb
from service.credits import store
from service.credits.model import (
    FEATURED,
    PRIMARY,
    Evidence,
    Split,
    candidates,
    has_signs,
    split,
)
from service.database import Connection
from service.provenance.model import RULE, Attribution, Conclusion
from service.tracks.items import Item
from service.wire.types import encode_credits

_RULE: Final = "credit splitting"
_MBIDS: Final = "musicbrainz_artist_id"
_SHOWN: Final = frozenset({PRIMARY, FEATURED})


async def split_credits(connection: Connection, items: Sequence[Item]) -> list[Item]:
    """Return the items with their artists apart, where that is certain; list the other names."""
    texts = {index: text for index, item in enumerate(items) if (text := _text_of(item))}
    if not texts:
        return list(items)
    wanted = {name for text in texts.values() for name in candidates(text)}
    found = await store.evidence(connection, wanted)
    evidence = Evidence(found.known | set(_named(items)), found.decided)
    result = list(items)
    undecided: set[str] = set()
    for index, text in texts.items():
        answer = split(text, evidence, _artists(items[index]))
        undecided.update(answer.undecided)
        if len(answer.names) > 1:
            result[index] = _with_names(items[index], answer)
    await store.add_reviews(connection, undecided)
    return result


def _text_of(item: Item) -> str:
    """Return the text that may name several artists; empty when the tags list them."""
    shown = [name for name in item.draft.credits if name.role in _SHOWN]
    if len(shown) != 1 or shown[0].artist_id or not has_signs(shown[0].name):
        return ""
    return shown[0].name


def _artists(item: Item) -> int:
    """Return how many artists there are by the MusicBrainz ids of the tags, or 0."""
    return len({fact.value for fact in item.draft.attributes if fact.key.lower() == _MBIDS})


def _named(items: Sequence[Item]) -> Iterator[str]:
    """Yield the names that are certainly those of artists."""
    for item in items:
        shown = [name.name for name in item.draft.credits if name.role in _SHOWN]
        if len(shown) > 1 or _artists(item) == 1:
            yield from shown
        else:
            yield from (name for name in shown if not has_signs(name))


def _with_names(item: Item, answer: Split) -> Item:
    """Return an item whose one artist is several, as a rule has concluded."""
    others = tuple(name for name in item.draft.credits if name.role not in _SHOWN)
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
