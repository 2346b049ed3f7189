"""What a track says, as the texts that tags hold: the rules of `tags`, the other way round.

A track that was read from a file and one of the catalogue give the same texts when they say the
same, however the file writes it. So what differs is what has to be written, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, TypeAlias

from fonoteca.v1.track_pb2 import Track
from fonoteca.v1.types_pb2 import (
    CREDIT_ROLE_FEATURED,
    CREDIT_ROLE_PRIMARY,
    CREDIT_ROLE_UNSPECIFIED,
    MODE_MINOR,
    MODE_UNSPECIFIED,
    Attribute,
    CreditedName,
    CreditRole,
    PartialDate,
)
from service.ingest.mapping import FACTS, Kind
from service.ingest.tags import INSTRUMENT_KEY, ROLES

Texts: TypeAlias = Mapping[str, tuple[str, ...]]
"""The values of facts. A fact that is not there has none."""

#: Facts that are written together: where the first one has a value, the others may be empty.
GROUPS: Final = (
    ("artist", "artists"),
    ("track_number", "track_total"),
    ("disc_number", "disc_total"),
    ("engineer", "mixer"),
)
_DISPLAYED: Final = frozenset({CREDIT_ROLE_UNSPECIFIED, CREDIT_ROLE_PRIMARY, CREDIT_ROLE_FEATURED})
_KEYS: Final = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_EXPLICIT: Final = {True: "1", False: "2"}


def texts_of(track: Track) -> Texts:
    """Return what a track says, by the names of facts."""
    texts: dict[str, Sequence[str]] = {
        "title": [track.title],
        "album": [track.album.title],
        "album_artist": [_display(track.album.credits)],
        "album_mbid": [track.album.mbid],
        "mbid": [track.mbid],
        "track_number": [_count(track.track_number)],
        "track_total": [_count(track.track_total)],
        "disc_number": [_count(track.disc_number)],
        "disc_total": [_count(track.disc_total)],
        "genre": track.genres,
        "date": [_date(track.release_date)],
        "original_date": [_date(track.original_release_date)],
        "isrc": [track.isrc],
        "bpm": [_number(track.features.tempo_bpm)] if track.features.tempo_bpm else [],
        "key": [_key(track)],
        "lyrics": [track.lyrics],
        "comment": [track.comment],
        "label": [track.label],
        "language": [track.language],
        "explicit": [_EXPLICIT[track.explicit]] if track.HasField("explicit") else [],
        **_people(track),
        **_attributes(track),
    }
    return {name: found for name, values in texts.items() if (found := tuple(filter(None, values)))}


def changed(before: Texts, after: Texts, facts: AbstractSet[str]) -> list[str]:
    """Return the facts that have to be written so that a file says what the catalogue says.

    Without `facts`, those of which the catalogue has a value; else these, and those that the
    catalogue does not have are taken away.
    """
    names: list[str] = []
    for group in _grouped():
        differs = any(before.get(name) != after.get(name) for name in group)
        wanted = not facts.isdisjoint(group) if facts else _is_told(group[0], before, after)
        if differs and wanted:
            names += group
    return names


def _is_told(name: str, before: Texts, after: Texts) -> bool:
    """Whether the catalogue has something to tell that is not understood by itself."""
    if name == "album_artist" and name not in before:
        # An album without an artist is one of the artist of its tracks.
        return after.get(name) != after.get("artist")
    return name in after


def _grouped() -> Iterable[tuple[str, ...]]:
    followers = {name for group in GROUPS for name in group[1:]}
    leaders = {group[0]: group for group in GROUPS}
    return (leaders.get(name, (name,)) for name in FACTS if name not in followers)


def _people(track: Track) -> dict[str, Sequence[str]]:
    displayed = [name for name in track.credits if name.role in _DISPLAYED]
    names = [name.name for name in displayed]
    found: dict[str, Sequence[str]] = {
        "artist": [_display(track.credits)],
        "artists": names if len(names) > 1 else [],
    }
    # Of the facts that are one role, the first one is written.
    facts: dict[CreditRole.ValueType, str] = {}
    for fact, role in ROLES.items():
        facts.setdefault(role, fact)
    for role, fact in facts.items():
        found[fact] = list(dict.fromkeys(name.name for name in track.credits if name.role == role))
    found["performer"] = sorted(_with_instruments(track, found["performer"]))
    return found


def _with_instruments(track: Track, names: Iterable[str]) -> Iterator[str]:
    """Yield performers as Vorbis comments tell what they played: "Name (instrument)"."""
    played: dict[str, list[str]] = {}
    for attribute in track.attributes:
        if attribute.key.startswith(INSTRUMENT_KEY):
            instrument = attribute.key.removeprefix(INSTRUMENT_KEY)
            played.setdefault(attribute.text, []).append(f"{attribute.text} ({instrument})")
    for name in names:
        yield from played.get(name, [name])


def _display(credits_: Iterable[CreditedName]) -> str:
    names = [name for name in credits_ if name.role in _DISPLAYED]
    if not names:
        return ""
    joined = "".join(name.name + (name.join_phrase or ", ") for name in names[:-1])
    last = names[-1]
    return joined + last.name + (last.join_phrase if last.join_phrase in (")", "]") else "")


def _attributes(track: Track) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for attribute in track.attributes:
        fact = FACTS.get(attribute.key)
        if fact and isinstance(fact.target, Kind):
            found.setdefault(attribute.key, []).append(_text(attribute, fact.target))
    return {name: list(dict.fromkeys(values)) for name, values in found.items()}


def _text(attribute: Attribute, kind: Kind) -> str:
    match attribute.WhichOneof("value"):
        case "number" if kind is Kind.R128:
            return str(round(attribute.number * 256))
        case "number":
            return _number(attribute.number)
        case "integer":
            return str(attribute.integer)
        case "flag":
            return str(int(attribute.flag))
        case "time":
            return attribute.time.ToJsonString()
        case _:
            return attribute.text


def _count(value: int) -> str:
    return str(value) if value else ""


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


def _date(date: PartialDate) -> str:
    if not date.year:
        return ""
    parts = (part for part in (date.month, date.day) if part)
    return "-".join([f"{date.year:04}", *(f"{part:02}" for part in parts)])


def _key(track: Track) -> str:
    """Return the key; without a mode there is no way to write it."""
    features = track.features
    if not features.HasField("key") or features.mode == MODE_UNSPECIFIED:
        return ""
    return _KEYS[features.key] + ("m" if features.mode == MODE_MINOR else "")
