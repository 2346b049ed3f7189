"""Titles are a core and additions: guests, the version, the release.

"Head & Heart (feat. MNEK) - Acoustic" and "Head & Heart" have the same core, and are two versions.
"Jeremy - 2009 Remaster" and "Jeremy" are the same version: an addition may be about the release.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from service.matching.likeness import likeness
from service.matching.model import Reason

_BRACKETS: Final = {"(": 1, "[": 1, "{": 1, "\uff08": 1, ")": -1, "]": -1, "}": -1, "\uff09": -1}
_HAS_BRACKETS: Final = re.compile(r"[(\[{\uff08]")
DASH: Final = re.compile(r"\s+[-\u2013\u2014]+\s+")
_GUESTS: Final = re.compile(r"(?:^|\s)(?:feat|ft|featuring)\b\.?\s*(.+)$", re.IGNORECASE)
_WITH: Final = re.compile(r"(?:with\b|w/)\s*(.+)$", re.IGNORECASE)

_VERSIONS: Final[Mapping[str, str]] = {
    "live": r"live|concert|unplugged|sessions?|en vivo|ao vivo|en directo|dal vivo|en concert"
    r"|ライブ|라이브",
    "remix": r"re-?mix(?:ed)?|rmx|rework(?:ed)?|re-?edit|bootleg|flip|dub|vip|mash-?up|refix"
    r"|slowed|sped up|nightcore|mix|chopped",
    "acoustic": r"acoustic|ac[uú]stic[oa]|akustik|stripped|piano|a ?cappella|acapella|orchestral",
    "instrumental": r"instrumental|inst\.?|karaoke|backing track|in the style of",
    "cover": r"cover|tribute|originally performed by|as made famous by",
    "demo": r"demo|outtakes?|rehearsal|alternate|alternative|early|take \d+|re-?record(?:ed|ing)"
    r"|taylor.?s version",
    "edit": r"edit|short|extended|single|radio|album|long|full|version|ver\.?|cut|reprise"
    r"|interlude",
}
"""Words in an addition that tell which version of the song it is; the first kind wins."""

_KINDS: Final = [
    (kind, re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE))
    for kind, words in _VERSIONS.items()
]
_RELEASE: Final = re.compile(
    r"(?<!\w)(?:(?:digital(?:ly)? )?re-?master(?:ed|ing|izado|is[eé]|izada)?|mono|stereo|deluxe"
    r"|bonus track|anniversary|explicit|clean|original (?:mix|version)"
    r"|(?:album|single|lp|7\"?|12\"?) version|official|lyrics?|audio|video|hd|hq|4k"
    r"|from|soundtrack|theme|music|prod)(?!\w)",
    re.IGNORECASE,
)
"""Words in an addition that tell which release the recording is on."""

_PART: Final = "part"
"""The kind of additions that say something else: the name of a movement, a second title."""

_BARE: Final = re.compile(
    r"(?=.*\b(?:live|remaster(?:ed)?|(?:re)?mix|acoustic|instrumental|karaoke|demo|edit|version"
    r"|mono|stereo)\b)(?:(?:live|remaster(?:ed)?|(?:re)?mix|acoustic|instrumental|karaoke|demo"
    r"|edit|version|mono|stereo|radio|single|album|extended|original|digital|official|\d{4})"
    r"(?: |$))+"
)
"""An addition without brackets or dash: nothing but words of versions and releases."""

_LEFT_BY_VERSION: Final[Mapping[str, float]] = {
    "live": 0.6,
    "remix": 0.5,
    "acoustic": 0.55,
    "instrumental": 0.5,
    "cover": 0.45,
    "demo": 0.6,
    "edit": 0.88,
    _PART: 0.75,
}
"""How much is left when only one of two titles is of such a version."""

_OTHER_OF_KIND: Final = 0.55
_LESS_EXACT: Final = 0.85
_OTHER_PART: Final = 0.4
_SAME_ADDITION: Final = 0.7
_LEAST: Final = 0.45
_LEFT_BY_OTHER_TITLE: Final = 0.2


@dataclass(frozen=True, slots=True)
class TitleParts:
    """A title taken apart, as it is written.

    `kinds` are the versions that its additions speak of, `additions` the text of those; `guests` is
    a credit, or "".
    """

    core: str
    kinds: frozenset[str]
    additions: str
    guests: str


@dataclass(frozen=True, slots=True)
class Title:
    """A title as it is compared: like `TitleParts`, but folded; `key` is the whole."""

    key: str
    core: str
    kinds: frozenset[str]
    additions: str


def title_parts(title: str) -> TitleParts:
    """Take a title apart."""
    core, additions = _without_brackets(title)
    head, *tails = DASH.split(core)
    if head.strip():
        core, additions = head, [*additions, *tails]
    guests = []
    if (found := _GUESTS.search(core)) and found.start():
        core = core[: found.start()]
        guests.append(found[1])
    versions: list[str] = []
    kinds: set[str] = set()
    for addition in map(str.strip, additions):
        if found := _GUESTS.match(addition) or _WITH.match(addition):
            guests.append(found[1])
        elif kind := _kind(addition):
            kinds.add(kind)
            versions.append(addition)
    return TitleParts(core.strip(), frozenset(kinds), " ".join(versions), ", ".join(guests))


def _without_brackets(title: str) -> tuple[str, list[str]]:
    """Return what stands outside of brackets, and what stands in each outermost pair."""
    if not _HAS_BRACKETS.search(title):
        return title, []
    depth, outside, inside = 0, [], [""]
    for letter in title:
        step = _BRACKETS.get(letter, 0)
        if depth == 0 and step >= 0:
            outside.append(" " if step else letter)
            inside += [""] * step
        elif depth + step > 0:
            inside[-1] += letter
        depth = max(depth + step, 0)
    kept = "".join(outside)
    return (kept, [content for content in inside if content]) if kept.strip() else (title, [])


def _kind(addition: str) -> str:
    """Return which version an addition speaks of; "" when it is about the release, or empty."""
    of_release = not addition or _RELEASE.search(addition)
    for kind, words in _KINDS:
        if words.search(addition):
            return "" if kind == "edit" and of_release else kind
    return "" if of_release else _PART


def compare_titles(one: Title, other: Title) -> tuple[float, tuple[Reason, ...]]:
    """Return how much two titles speak for the same song, and for the same version of it."""
    if one.key == other.key:
        return 1.0, (Reason.SAME_TITLE,)
    likely, version = max(_readings(one, other), key=lambda both: both[0] * both[1])
    if likely < _LEAST:
        return _LEFT_BY_OTHER_TITLE * likely, (Reason.OTHER_TITLE,)
    reason = Reason.SAME_CORE_TITLE if likely == 1 else Reason.SIMILAR_TITLE
    reasons = (reason,) if version == 1 else (reason, Reason.OTHER_VERSION)
    return likely * version, reasons


def _readings(one: Title, other: Title) -> list[tuple[float, float]]:
    """Return the likeness of the cores and the factor of the versions, read in several ways."""
    if one.core == other.core:
        return [(1.0, _version(one, other))]
    for longer, shorter in ((one, other), (other, one)):
        tail = longer.core.removeprefix(shorter.core + " ")
        if tail != longer.core and _BARE.fullmatch(tail):
            kinds = longer.kinds | {kind for kind in (_kind(tail),) if kind}
            whole = Title(longer.key, shorter.core, kinds, f"{tail} {longer.additions}")
            return [(1.0, _version(whole, shorter))]
    return [
        (likeness(one.core, other.core), _version(one, other)),
        (likeness(one.key, other.key), 1.0),
    ]


def _version(one: Title, other: Title) -> float:
    """Return how much two titles of one song speak for the same version."""
    if one.kinds != other.kinds:
        factor = 1.0
        for kind in one.kinds ^ other.kinds:
            factor *= _LEFT_BY_VERSION[kind]
        return factor
    if not one.kinds or likeness(one.additions, other.additions) >= _SAME_ADDITION:
        return 1.0
    if _PART in one.kinds:
        return _OTHER_PART
    words, others = set(one.additions.split()), set(other.additions.split())
    return _LESS_EXACT if words <= others or others <= words else _OTHER_OF_KIND
