"""Writes facts into the tags of one file, under the names of the table in `mapping`.

What the file said of a fact goes first, under whatever name it stood. All other tags stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from mutagen.apev2 import APEv2
from mutagen.asf import ASFTags
from mutagen.id3 import COMM, ID3, POPM, TXXX, UFID, USLT, Frames, PairedTextFrame, UrlFrame
from mutagen.mp4 import MP4FreeForm, MP4Tags

from service.ingest.facts import Texts
from service.ingest.mapping import FACTS, FREE, Family, fact_of
from service.ingest.raw import frame_names
from service.ingest.tags import INSTRUMENT

_UTF_8: Final = 3
#: How ID3 says that it does not know the language.
_NO_LANGUAGE: Final = "und"
_MP4_MEAN: Final = "----:com.apple.iTunes:"
_MP4_FLAGS: Final = frozenset({"cpil", "pgap", "pcst"})
_MP4_WHOLE: Final = frozenset({"tmpo", "rtng", "stik", "shwm", "©mvi", "©mvc"})
_MP4_PAIRS: Final = frozenset({"trkn", "disk"})
#: Families in which one tag holds a number and how many there are.
_JOINED: Final = frozenset({Family.ID3, Family.MP4, Family.APE})
_TOTALS: Final = {"track_number": "track_total", "disc_number": "disc_total"}


def family_of(tags: Any) -> Family:
    """Return how tags that mutagen read are named."""
    kinds = type(tags).__mro__
    for kind, family in _FAMILIES.items():
        if kind in kinds:
            return family
    return Family.VORBIS


def write_facts(tags: Any, names: Iterable[str], texts: Texts) -> None:
    """Let tags say of some facts what `texts` says, and of all other facts what they said."""
    family = family_of(tags)
    names = list(names)
    _REMOVERS[family](tags, frozenset(names))
    for name in names:
        values = list(texts.get(name, ()))
        if name in _TOTALS and family in _JOINED:
            values = _joined(values, texts.get(_TOTALS[name], ()))
        elif name in _TOTALS.values() and family in _JOINED:
            values = []
        if values:
            _SETTERS[family](tags, _tag(name, family, values), values)


def _joined(number: Sequence[str], total: Sequence[str]) -> list[str]:
    return ["/".join([*(number or "0"), *total])] if number or total else []


def _tag(name: str, family: Family, values: Sequence[str]) -> str:
    if name == "bpm" and family is Family.MP4 and not values[0].isdecimal():
        return f"{FREE[family]}BPM"
    return FACTS[name].written[family]


def _holds(family: Family, tag: str, facts: frozenset[str]) -> bool:
    found = fact_of(family, tag)
    return found is not None and found[0] in facts


# ------------------------------------------------------------------------------------- ID3


def _remove_id3(tags: Any, facts: frozenset[str]) -> None:
    frames: list[tuple[str, Any]] = list(tags.items())
    for key, frame in frames:
        if PairedTextFrame in type(frame).__mro__:
            frame.people = [
                [role, person]
                for role, person in frame.people
                if not _holds(Family.ID3, f"{frame.FrameID}:{role.upper()}", facts)
            ]
            if not frame.people:
                del tags[key]
        elif any(_holds(Family.ID3, name, facts) for name in frame_names(frame)):
            del tags[key]


def _set_id3(tags: Any, tag: str, values: list[str]) -> None:
    name, _, rest = tag.partition(":")
    kinds: dict[str, Any] = Frames
    if name in ("TIPL", "TMCL"):
        people = tags[name].people if name in tags else []
        added = [_person(rest.lower(), value) for value in values]
        tags.add(kinds[name](encoding=_UTF_8, people=people + added))
        return
    tags.add(_id3_frame(kinds[name], rest, values))


def _person(role: str, value: str) -> list[str]:
    """Return what somebody did, and the name."""
    played = None if role else INSTRUMENT.fullmatch(value)
    return [played[2], played[1]] if played else [role, value]


def _id3_frame(kind: Any, rest: str, values: list[str]) -> Any:
    if kind is TXXX:
        return TXXX(encoding=_UTF_8, desc=rest, text=values)
    if kind is UFID:
        return UFID(owner=rest, data=values[0].encode())
    if kind in (COMM, USLT):
        text = values if kind is COMM else values[0]
        return kind(encoding=_UTF_8, lang=_NO_LANGUAGE, desc="", text=text)
    if kind is POPM:
        return POPM(email="", rating=int(values[0]))
    if issubclass(kind, UrlFrame):
        return kind(url=values[0])
    return kind(encoding=_UTF_8, text=values)


# ---------------------------------------------------------------------------- other families


def _remove_named(family: Family) -> Callable[[Any, frozenset[str]], None]:
    def remove(tags: Any, facts: frozenset[str]) -> None:
        for key in {str(key) for key in tags.keys()}:  # noqa: SIM118  (some iterate over pairs)
            if _holds(family, _name(family, key), facts):
                del tags[key]

    return remove


def _name(family: Family, key: str) -> str:
    """Return a key of mutagen as the table names it."""
    if family is not Family.MP4:
        return key.upper()
    free = FREE[family]
    return f"{free}{key.rpartition(':')[2].upper()}" if key.startswith(free) else key


def _set_named(tags: Any, tag: str, values: list[str]) -> None:
    tags[tag] = values


def _set_mp4(tags: Any, tag: str, values: list[str]) -> None:
    if tag.startswith(FREE[Family.MP4]):
        key = _MP4_MEAN + tag.removeprefix(FREE[Family.MP4])
        tags[key] = [MP4FreeForm(value.encode()) for value in values]
    elif tag in _MP4_PAIRS:
        number, _, total = values[0].partition("/")
        tags[tag] = [(int(number), int(total or 0))]
    elif tag in _MP4_FLAGS:
        tags[tag] = values[0] == "1"
    elif tag in _MP4_WHOLE:
        tags[tag] = [int(value) for value in values]
    else:
        tags[tag] = values


_FAMILIES: Final[dict[type, Family]] = {
    ID3: Family.ID3,
    MP4Tags: Family.MP4,
    APEv2: Family.APE,
    ASFTags: Family.ASF,
}
_OTHERS: Final = (Family.MP4, Family.APE, Family.ASF, Family.VORBIS)
_REMOVERS: Final = {
    Family.ID3: _remove_id3,
    **{family: _remove_named(family) for family in _OTHERS},
}
_SETTERS: Final = {
    **dict.fromkeys(_OTHERS, _set_named),
    Family.ID3: _set_id3,
    Family.MP4: _set_mp4,
}
