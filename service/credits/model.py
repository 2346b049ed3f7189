"""Where a text such as "A feat. B & C" names several artists, and where it is one name.

"feat." and ";" always separate, in brackets at the end as well. What may as well stand in a name
("&", ",", "/", "x" and the like) separates only where all names that come of it are known as
artists, and the fewest such names win: "Tyler, The Creator & A$AP Rocky" are two. Single words, as
in "Earth, Wind & Fire", are names of too many things to prove that. What nobody knows stays one
name. Pure: what is known comes with the call.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from service.artists.model import MAX_CREDITS, MAX_JOIN_PHRASE, CreditedName

PRIMARY: Final = "PRIMARY"
FEATURED: Final = "FEATURED"

_FEAT: Final = re.compile(r"\s+(?:feat\.|ft\.|feat|ft|featuring)\s+", re.IGNORECASE)
_SURE: Final = re.compile(r"\s*;\s*")
_MAYBE: Final = re.compile(r"\s+(?:[&+\xd7x]|vs\.?|and|with)\s+|\s*,\s+|\s*/\s*", re.IGNORECASE)
_COMPANY: Final = re.compile(
    r"(?:the|his|her|their|los|las|les|die|sus?)\s|(?:friends|co\.?|sons?)$", re.IGNORECASE
)
"""What the second half of a band's name is like: Bob Marley & The Wailers; Tyler, The Creator."""
_BOUND: Final = re.compile(r"\s*,\s+|\s+(?:[&+]|and)\s+", re.IGNORECASE)
_BETWEEN: Final = re.compile(r"\s+(?:[\xd7x]|vs\.?|with)\s+", re.IGNORECASE)
"""Signs of "maybe" that hardly stand in names."""

_GUESTS: Final = re.compile(
    r"(?P<open>\s*(?P<left>[(\[])\s*"
    r"(?:(?P<sure>f(?:ea)?t\.\s*|(?:feat|ft|featuring)\s+)|(?:with|w/)\s+))"
    r"(?P<names>[^()\[\]]*[^()\[\]\s])(?P<close>\s*(?P<right>[)\]]))$",
    re.IGNORECASE,
)
"""Guests in brackets at the end, as in "A (feat. B)" and "A [with B]"."""
_BRACKETS: Final = ("()", "[]")

_MOST_PARTS: Final = 12
_MAX_JOIN: Final = MAX_JOIN_PHRASE - 2
"""Leaves room for a closing bracket before the sign."""

#: How sure a split is, by what it rests on. A person is as sure as ids are.
BY_IDS: Final = 1.0
BY_SIGN: Final = 0.95
BY_NAMES: Final = 0.9


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text, and what stands between it and the next one."""

    text: str
    join: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of names: those of artists, and how people have decided about others."""

    known: AbstractSet[str] = frozenset()
    decided: Mapping[str, Sequence[Part]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Split:
    """The names of a text, how sure they are, and those of which it is not known what they are."""

    names: tuple[CreditedName, ...]
    confidence: float
    undecided: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Guests:
    """A text in two: who comes before the brackets, and who stands in them."""

    hosts: Part
    guests: Part
    is_sure: bool


def has_signs(text: str) -> bool:
    """Whether a text may name several artists."""
    signs = (_FEAT, _SURE, _MAYBE)
    return any(sign.search(text) for sign in signs) or _guests(text) is not None


def candidates(text: str) -> Iterator[str]:
    """Yield the names of which it matters whether they are known."""
    yield text
    sides = [*cut(text, _FEAT), *(part for part, _ in _sides(text, in_brackets=True))]
    for side in sides:
        yield side.text
        for segment in cut(side.text, _SURE):
            parts = cut(segment.text, _MAYBE)
            if 1 < len(parts) <= _MOST_PARTS:
                for start in range(len(parts)):
                    for end in range(start + 1, len(parts) + 1):
                        yield _joined(parts[start:end]).text


def split(text: str, evidence: Evidence, artists: int = 0) -> Split:
    """Return the names of a text; `artists` is how many there are, or 0 when that is not known.

    Names and join phrases together are the text.
    """
    if decided := evidence.decided.get(text):
        return Split(tuple(_credited(part, PRIMARY) for part in decided), BY_IDS)
    if artists == 1:
        return Split((_credited(Part(text), PRIMARY),), BY_IDS)
    found = _by_names(text, evidence)
    if not artists:
        return found
    if len(found.names) == artists:
        return Split(found.names, BY_IDS)
    every = _everywhere(text)
    return Split(every, BY_IDS) if len(every) == artists else found


def parts_of(text: str) -> list[Part]:
    """Return a text cut wherever a sign stands: the names that it has at most."""
    found = _guests(text)
    if found is None:
        return cut(text, _MAYBE)
    both = (found.hosts, found.guests)
    return [part for side in both for part in _rejoined(side, cut(side.text, _MAYBE))]


def parts_named(text: str, names: Sequence[str]) -> list[Part] | None:
    """Return a text cut into the names that somebody has found in it; None when they do not fit."""
    parts: list[Part] = []
    end = 0
    for name in names:
        start = text.find(name, end)
        join = text[end:start]
        if start < 0 or not name.strip() or len(join) > _MAX_JOIN or bool(join) != bool(end):
            return None
        if parts:
            parts[-1] = Part(parts[-1].text, join)
        parts.append(Part(name))
        end = start + len(name)
    if parts and text[end:] in (")", "]"):
        return [*parts[:-1], Part(parts[-1].text, text[end:])]
    return parts if parts and end == len(text) else None


def cut(text: str, sign: re.Pattern[str]) -> list[Part]:
    """Return the pieces of a text between signs; a sign without a name on each side is none."""
    parts: list[Part] = []
    start = 0
    for match in sign.finditer(text):
        piece, join = text[start : match.start()], match.group()
        if piece.strip() and len(join) <= _MAX_JOIN and text[match.end() :].strip():
            parts.append(Part(piece, join))
            start = match.end()
    return [*parts, Part(text[start:])]


def _guests(text: str) -> _Guests | None:
    """Return who stands before brackets at the end, and in them; None when there are no guests."""
    found = _GUESTS.search(text)
    if not found or found["left"] + found["right"] not in _BRACKETS:
        return None
    hosts = Part(text[: found.start()], found["open"])
    if not hosts.text.strip() or max(len(hosts.join), len(found["close"])) > _MAX_JOIN:
        return None
    return _Guests(hosts, Part(found["names"], found["close"]), bool(found["sure"]))


def _sides(text: str, *, in_brackets: bool) -> list[tuple[Part, str]]:
    """Return the pieces between "feat.", with their roles; those in brackets if these count."""
    found = _guests(text) if in_brackets else None
    hosts = found.hosts if found else Part(text)
    pieces = _rejoined(hosts, cut(hosts.text, _FEAT))
    if found:
        pieces += _rejoined(found.guests, cut(found.guests.text, _FEAT))
    return [(piece, FEATURED if index else PRIMARY) for index, piece in enumerate(pieces)]


def _by_names(text: str, evidence: Evidence) -> Split:
    guests = _guests(text)
    if guests is None:
        return _of_sides(text, _sides(text, in_brackets=False), evidence)
    found = _of_sides(text, _sides(text, in_brackets=True), evidence)
    if guests.is_sure:
        return found
    are_known = all(name.name in evidence.known for name in found.names)
    if are_known and not found.undecided and text not in evidence.known:
        return Split(found.names, min(found.confidence, BY_NAMES))
    return _of_sides(text, _sides(text, in_brackets=False), evidence)


def _of_sides(text: str, sides: Sequence[tuple[Part, str]], evidence: Evidence) -> Split:
    names: list[CreditedName] = []
    undecided: list[str] = []
    confidence = BY_IDS
    for side, role in sides:
        segments = [side] if side.text in evidence.known else _rejoined(side, cut(side.text, _SURE))
        for segment in segments:
            parts = _names_of(segment.text, evidence)
            if parts is None:
                undecided.append(segment.text)
            elif len(parts) > 1:
                confidence = BY_NAMES
            parts = parts or [Part(segment.text)]
            names += [_credited(part, role) for part in _rejoined(segment, parts)]
    if len(names) > MAX_CREDITS:
        return Split((_credited(Part(text), PRIMARY),), BY_IDS, (text,))
    if len(names) > 1:
        confidence = min(confidence, BY_SIGN)
    return Split(tuple(names), confidence, tuple(undecided))


def _names_of(text: str, evidence: Evidence) -> list[Part] | None:
    """Return the names of a text without sure signs; None when that cannot be known."""
    if decided := evidence.decided.get(text):
        return list(decided)
    parts = cut(text, _MAYBE)
    in_brackets = _guests(text) is not None
    if text in evidence.known or (len(parts) == 1 and not in_brackets):
        return [Part(text)]
    if len(parts) > _MOST_PARTS or in_brackets:
        return None
    ends = _ends(parts)
    if len(ends) == 1:
        return [Part(text)]
    if not any(" " in part.text or _BETWEEN.fullmatch(part.join) for part in parts):
        return None
    return _fewest_known(parts, ends, evidence.known)


def _ends(parts: Sequence[Part]) -> list[int]:
    """Return after how many parts a name may end: not before the second half of a band's name."""
    return [
        count
        for count, part in enumerate(parts, 1)
        if count == len(parts)
        or not (_BOUND.fullmatch(part.join) and _COMPANY.search(parts[count].text))
    ]


def _fewest_known(
    parts: Sequence[Part], ends: Sequence[int], known: AbstractSet[str]
) -> list[Part] | None:
    """Return the parts joined to the fewest names that are all known, or None."""
    best: dict[int, list[Part]] = {0: []}
    for end in ends:
        options = [
            [*before, _joined(parts[start:end])]
            for start, before in best.items()
            if _joined(parts[start:end]).text in known
        ]
        if options:
            best[end] = min(options, key=len)
    return best.get(len(parts))


def _everywhere(text: str) -> tuple[CreditedName, ...]:
    """Return the names of a text that is cut wherever there is a sign."""
    names: list[CreditedName] = []
    for side, role in _sides(text, in_brackets=True):
        for segment in _rejoined(side, cut(side.text, _SURE)):
            parts = _rejoined(segment, cut(segment.text, _MAYBE))
            names += [_credited(part, role) for part in parts]
    return tuple(names)


def _joined(parts: Sequence[Part]) -> Part:
    """Return pieces as one again."""
    text = "".join(part.text + part.join for part in parts[:-1]) + parts[-1].text
    return Part(text, parts[-1].join)


def _rejoined(whole: Part, pieces: Sequence[Part]) -> list[Part]:
    """Return the pieces of a part, the last of which is followed by what follows the part."""
    return [*pieces[:-1], Part(pieces[-1].text, pieces[-1].join + whole.join)]


def _credited(part: Part, role: str) -> CreditedName:
    return CreditedName(None, part.text, part.join, role)
