"""How a query may be read: what a track must have to be found by each step of the ladder.

A pattern is made of groups, one for each word of the query; a group is what may stand for the word,
and a track has to have one alternative of each group. Pure rules: the catalogue is asked beforehand
which words it has (`Vocabulary`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, combinations
from math import inf
from typing import Final, TypeAlias
from zlib import crc32

from rapidfuzz.distance import OSA

from service.search.model import Pattern, Words

MAX_WORD: Final = 250
"""How many letters of a word are looked up, as in the SQL function weighted_words."""

_MAX_KEY: Final = 300
"""How many letters of a folded name are stored to be compared."""

LONGEST_DIVIDED: Final = 40
"""Longer names are looked up as they are."""

_MIN_BEGINNING: Final = 2
"""A beginning of one letter stands for a tenth of the vocabulary: another word has to be there."""

_MAX_ALTERNATIVES: Final = 32
_SELDOM: Final = 0.0001
"""The share of all tracks that has a word of which only is known that it is not common."""

_COMMON: Final = 0.002
"""A group with at least this share is no way in for itself: too many tracks have it."""

_FEW: Final = 0.00001
"""When so few tracks are left, looking at them costs less than asking for another word."""

_RARE: Final = 0.0005
"""A pattern that no larger share of all tracks should have is expected to find few of them."""

_DEARER: Final = 20
"""So many times what a track costs that the index tells of is what one costs that is looked at."""

_RAREST: Final = 5
_MOST_MENDED: Final = 4

_HASH_BITS: Final = 20
_DELETIONS: Final = {3: (0,), 4: (0, 1), 5: (1,), 6: (1, 2)}
"""How many letters are taken away from words of so many letters; two from longer ones."""

_MIN_PAIRED: Final = 6
"""From so many letters on, two of them are taken away."""

_NOISE: Final = frozenset({
    "and", "audio", "by", "feat", "featuring", "ft", "full", "hd", "hq", "lyric", "lyrics", "mp3",
    "music", "official", "song", "the", "video", "vs", "w", "with", "youtube",
})  # fmt: skip
"""Folded words that people add to a name or leave out; dropped first when nothing was found."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the catalogue knows of some words.

    `tiers` has the best tier of each word that occurs in it, `near` the words that resemble one of
    the query, with their tiers, `shares` the share of all tracks that have a word, when that is
    common. `begun` are those last words of queries with which a longer word begins.
    """

    tiers: Mapping[str, int] = field(default_factory=dict)
    near: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    begun: Collection[str] = ()

    def __contains__(self, word: str) -> bool:
        return word in self.tiers

    def has_all(self, words: Iterable[str]) -> bool:
        """Whether all words may occur in the catalogue; very long ones are only looked up."""
        return all(word in self.tiers or len(word) > MAX_WORD for word in words)


Alternative: TypeAlias = tuple[str, ...]
"""Words that stand for one of the query, all of them."""


@dataclass(frozen=True, slots=True)
class _Group:
    """What may stand for a word: parts of tsqueries, and about what share of the tracks has one.

    `query` is the tsquery of any of them.
    """

    alternatives: tuple[Alternative, ...]
    share: float
    query: str

    @property
    def is_wide(self) -> bool:
        """Whether the index goes through all tracks of the group, beside whatever other group.

        Of a word alone it only looks for the tracks that the others have left.
        """
        match self.alternatives:
            case ((word,),):
                return _is_beginning(word)
            case _:
                return True

    @property
    def has_beginning(self) -> bool:
        """Whether a longer word may stand for it."""
        return any(_is_beginning(word) for words in self.alternatives for word in words)


def every_word(words: Sequence[str]) -> str:
    """Return the tsquery of all words."""
    return " & ".join(map(_quoted, words))


def all_words(words: Sequence[str], vocabulary: Vocabulary) -> Pattern:
    """Return the pattern in which every word occurs."""
    return _pattern([_as_typed(words, vocabulary)])


def sung_words(words: Sequence[str], vocabulary: Vocabulary) -> Pattern:
    """Return the pattern in which every word occurs, be it only in the lyrics."""
    return replace(all_words(words, vocabulary), in_lyrics=True)


def last_as_prefix(words: Sequence[str], vocabulary: Vocabulary) -> Pattern | None:
    """Return the pattern with the last word as the beginning of one; None when there is none.

    A beginning of one letter is not looked up in the index.
    """
    *others, last = words
    if last not in vocabulary.begun or not (others or len(last) >= _MIN_BEGINNING):
        return None
    # A guess: about a quarter of all tracks have a word with a common letter, and each letter more
    # leaves a quarter of those. The word itself begins so, too.
    share = 0.25 ** len(last) if len(last) >= _MIN_BEGINNING else inf
    known = vocabulary.shares.get(last, _SELDOM)
    beginning = _any_alternative([(_beginning(last),)], max(share, known))
    return _pattern([[*_as_typed(others, vocabulary), beginning]])


def allowed_edits(word: str, other: str) -> int:
    """How many letters may be wrong between a word as typed and one that may have been meant.

    1 from 4 letters on, 2 from 8, in the longer of the two. None of very long words, which
    PostgreSQL does not compare.
    """
    longer = max(len(word), len(other))
    if longer > MAX_WORD:
        return 0
    return 2 if longer >= 8 else 1 if longer >= 4 else 0


def may_be_misspelt(word: str) -> bool:
    """Whether a word as typed has letters enough to be another word."""
    return 3 <= len(word) <= MAX_WORD


def may_be_mended_twice(word: str) -> bool:
    """Whether a word as typed is at most two letters shorter than one that two typos may be in."""
    return _MIN_PAIRED <= len(word) <= MAX_WORD


def doubtful(words: Sequence[str]) -> Sequence[str]:
    """Return the words of a query that may be misspelt though they are words of the catalogue.

    In a longer query there are none: it finds what was meant without any one of them.
    """
    return words if len(words) <= _MOST_MENDED else ()


def deletions(word: str) -> list[int]:
    """Return what is left of the beginning of a word after up to two deletions, as hashes.

    Two words within the allowed edits have one of these in common, whatever the edits are: this is
    the symmetric deletion of SymSpell, with its prefix of seven letters. What two words share they
    also share with one letter less, so that those with the most deletions do; only words of four
    and six letters need others, too, in common with words that are a letter longer.
    """
    if not may_be_misspelt(word):
        return []
    beginning = word[:7]
    return _hashes(
        "".join(left)
        for missing in _DELETIONS.get(len(word), (2,))
        for left in combinations(beginning, len(beginning) - missing)
    )


def deletions_of_one_edit(word: str) -> list[int]:
    """Return some of the deletions; all words that are one edit away have one of these in common.

    An edit spoils one letter: what is left without it, and any other, the two words share. So of
    the pairs of letters that may be taken away, four in which every letter occurs are enough. A
    word of six letters and one of seven share what is left of the shorter without one letter.
    """
    if not may_be_mended_twice(word):
        return deletions(word)
    beginning = word[:7]
    left = [beginning[:n] + beginning[n + 2 :] for n in (0, 2, 4, len(beginning) - 2)]
    return _hashes(left if len(word) > _MIN_PAIRED else [*left, word[1:]])


def is_one_edit_away(word: str, candidates: Iterable[str]) -> bool:
    """Whether one of the candidates is."""
    return any(OSA.distance(word, other, score_cutoff=1) == 1 for other in candidates)


def _hashes(texts: Iterable[str]) -> list[int]:
    return sorted({crc32(text.encode()) & ((1 << _HASH_BITS) - 1) for text in texts})


def mended(word: str, candidates: Mapping[str, int], *, farther: bool = False) -> list[str]:
    """Return the candidates that a typist may have meant, the nearest first, then by their tier.

    Only the nearest ones, unless `farther`. A transposition of two neighbors is one edit.
    """
    distances = {other: OSA.distance(word, other) for other in candidates}
    near = [
        other for other, distance in distances.items() if 0 < distance <= allowed_edits(word, other)
    ]
    near.sort(key=lambda other: (distances[other], candidates[other], other))
    if near and not farther:
        near = [other for other in near if distances[other] == distances[near[0]]]
    return near[:_MAX_ALTERNATIVES]


def divisions(text: str) -> list[str]:
    """Return a folded name, and those of the same letters that people may write for it.

    That is all in one word, two neighbors in one, and one word in two or in letters.
    """
    if len(text) > LONGEST_DIVIDED:
        return [text[:_MAX_KEY]]
    words = text.split(" ")
    names = [text, "".join(words)]
    if len(words) > 1:
        names += [" ".join((*words[:n], joined, *words[n + 2 :])) for n, joined in joins(words)]
    else:
        names += [f"{text[:cut]} {text[cut:]}" for cut in range(1, len(text))]
        names.append(" ".join(text))
    return list(dict.fromkeys(names))


def names_like(text: str, vocabulary: Vocabulary) -> list[str]:
    """Return a folded query, and names of the same letters that the catalogue may have.

    What is one word instead of two must be known to be a word; of halves nothing is known.
    """
    whole, *others = divisions(text)
    if " " not in text:
        return [whole, *others]
    words = frozenset(text.split(" "))
    return [whole, *(name for name in others if vocabulary.has_all(set(name.split(" ")) - words))]


def splits(word: str) -> Iterator[tuple[str, str]]:
    """Yield the ways to read a word as two that were run together."""
    for cut in range(2, len(word) - 1):
        yield word[:cut], word[cut:]


def joins(words: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield each pair of neighbors as one word, with the index of the first."""
    for index in range(len(words) - 1):
        yield index, words[index] + words[index + 1]


def with_typos(
    words: Sequence[str], vocabulary: Vocabulary, *, farther: bool = False
) -> Pattern | None:
    """Return the pattern of what may have been meant; None when that is nothing new.

    Only words that the catalogue does not have are mended, unless `farther`.
    """
    readings: list[list[Alternative]] = [
        _readings(word, vocabulary, farther=farther) for word in words
    ]
    is_new = all(readings) and readings != [[(_quoted(word),)] for word in words]
    variants = [[_group(of, vocabulary) for of in readings]] if is_new else []
    for index, joined in joins(words):
        both: list[Alternative] = [(_quoted(joined),)]
        rest = [*readings[:index], both, *readings[index + 2 :]]
        if joined in vocabulary and all(rest):
            variants.append([_group(of, vocabulary) for of in rest])
    together = "".join(words)
    if len(words) > 2 and together in vocabulary:
        variants.append([_group([(_quoted(together),)], vocabulary)])
    return _pattern(variants, is_mended=True) if variants else None


def with_one_typo(words: Sequence[str], vocabulary: Vocabulary) -> list[Pattern]:
    """Return the patterns of a query of known words, one of which was meant to be another.

    There is one for each word: the index is slow to tell the cases apart when asked for any.
    """
    if not doubtful(words) or not all(word in vocabulary for word in words):
        return []
    as_typed = _as_typed(words, vocabulary)
    return [
        _pattern(
            [[*as_typed[:index], _group(alternatives, vocabulary), *as_typed[index + 1 :]]],
            is_mended=True,
        )
        for index, word in enumerate(words)
        if (others := mended(word, vocabulary.near.get(word, {})))
        for alternatives in [[(_quoted(other),) for other in others]]
    ]


def _readings(word: str, vocabulary: Vocabulary, *, farther: bool) -> list[Alternative]:
    """Return what one word may stand for."""
    is_known = word in vocabulary
    readings: list[Alternative] = [(_quoted(word),)] if is_known else []
    if farther or not is_known:
        near = vocabulary.near.get(word, {})
        readings += [(_quoted(other),) for other in mended(word, near, farther=farther)]
    if not is_known:
        halves = [two for two in splits(word) if all(half in vocabulary for half in two)]
        halves.sort(key=lambda two: max(vocabulary.tiers[half] for half in two))
        readings += [(_quoted(left), _quoted(right)) for left, right in halves[:_MAX_ALTERNATIVES]]
    return readings


def without_noise(query: Words, vocabulary: Vocabulary) -> list[Pattern]:
    """Return the patterns of the query without what people add to a name.

    That is words that the catalogue does not have, words such as "featuring" or "official", and, in
    a second try, all that stands in brackets.
    """
    variants: list[list[str]] = []
    for of in (query.words, query.core_words):
        kept = _kept(of, vocabulary)
        if kept and len(kept) < len(query.words) and kept not in variants:
            variants.append(kept)
    return [_some(query, [kept], vocabulary) for kept in variants]


def without_one_word(query: Words, vocabulary: Vocabulary) -> Pattern | None:
    """Return the pattern of the query without any one of its words."""
    kept = _kept(query.words, vocabulary)
    if len(kept) < 2:
        return None
    return _some(query, list(combinations(kept, len(kept) - 1)), vocabulary)


def two_rarest_words(query: Words, vocabulary: Vocabulary) -> Pattern | None:
    """Return the pattern of any two of the rarest words of a long query."""
    kept = _kept(query.words, vocabulary)
    if len(kept) < 4:
        return None
    rarest = sorted(kept, key=lambda word: vocabulary.shares.get(word, 0.0))[:_RAREST]
    return _some(query, list(combinations(rarest, 2)), vocabulary)


def with_lookalikes(
    words: Sequence[str], vocabulary: Vocabulary, lookalikes: Mapping[str, Sequence[str]]
) -> Pattern | None:
    """Return the pattern with words that look like those of the query, for bad misspellings."""
    groups = [
        _group([(_quoted(other),) for other in others], vocabulary)
        for word in words
        if (others := lookalikes.get(word))
    ]
    return _pattern([groups], asked=len(words), is_mended=True) if groups else None


def _kept(words: Sequence[str], vocabulary: Vocabulary) -> list[str]:
    return [word for word in words if word in vocabulary and word not in _NOISE]


def _some(query: Words, variants: Sequence[Sequence[str]], vocabulary: Vocabulary) -> Pattern:
    """Return the pattern of a query of which the words of one of the variants occur.

    How much of the query was found is judged without brackets and the words that people add. Words
    in brackets count where they are found: they tell versions of a title apart.
    """
    words = query.core_words or query.words
    names = [word for word in words if word not in _NOISE] or words
    typed = list(dict.fromkeys(chain.from_iterable(variants)))
    group = dict(zip(typed, _as_typed(typed, vocabulary), strict=True))
    groups = [[group[word] for word in variant] for variant in variants]
    return _pattern(
        groups, asked=len(names), operands=map(_quoted, (*names, *_kept(query.words, vocabulary)))
    )


def _pattern(
    variants: Sequence[Sequence[_Group]],
    *,
    asked: int | None = None,
    operands: Iterable[str] | None = None,
    is_mended: bool = False,
) -> Pattern:
    """Return the pattern of one of the variants.

    Every word of the query is asked for and counted, unless the caller says otherwise.
    """
    if operands is None:
        groups = (group for variant in variants for group in variant)
        operands = (word for group in groups for words in group.alternatives for word in words)
    count = len(variants[0])
    seek, also = _asked([list(_sought(variant)) for variant in variants])
    return Pattern(
        words=_any_of(map(_all_of, variants)),
        seek=_any_of(map(_all_of, seek)),
        operands=tuple(dict.fromkeys(operands)),
        asked=asked or count,
        is_every=asked is None or asked == count,
        is_common=any(all(group.share >= _COMMON for group in variant) for variant in variants),
        is_rare=sum(map(_share_of_rarest, variants)) <= _RARE,
        is_mended=is_mended,
        also=_any_of(map(_all_of, also)),
    )


def _share_of_rarest(groups: Sequence[_Group]) -> float:
    """Return the least share of the words. That of a beginning is a guess, and says nothing."""
    return min((group.share for group in groups if not group.has_beginning), default=inf)


def _asked(
    sought: Sequence[Sequence[_Group]],
) -> tuple[Sequence[Sequence[_Group]], Sequence[Sequence[_Group]]]:
    """Return the groups to look up in the index, and those of a second question, if it pays.

    That is the group with the most alternatives of each variant, if each has others.
    """
    widest = [max(groups, key=_breadth) for groups in sought]
    if any(len(groups) == 1 for groups in sought) or max(map(_breadth, widest)) == 1:
        return sought, []
    others = [
        [group for group in groups if group is not apart]
        for groups, apart in zip(sought, widest, strict=True)
    ]
    return others, [[group] for group in widest]


def _breadth(group: _Group) -> int:
    return len(group.alternatives)


def _sought(variant: Sequence[_Group]) -> Iterator[_Group]:
    """Yield the groups to look up in the index: the rarest, as long as it pays to ask for more."""
    left = inf
    for group in sorted(variant, key=lambda group: group.share):
        if left < _FEW:
            return
        if not group.is_wide or group.share <= left * _DEARER:
            left = min(left, 1.0) * group.share
            yield group


def _any_of(queries: Iterable[str]) -> str:
    return " | ".join(dict.fromkeys(queries))


def _all_of(groups: Iterable[_Group]) -> str:
    return f"({' & '.join(sorted(group.query for group in groups))})"


def _as_typed(words: Sequence[str], vocabulary: Vocabulary) -> list[_Group]:
    return [_group([(_quoted(word),)], vocabulary) for word in words]


def _group(alternatives: Sequence[Alternative], vocabulary: Vocabulary) -> _Group:
    shares = vocabulary.shares
    share = sum(
        min(shares.get(word.strip("'"), _SELDOM) for word in words) for words in alternatives
    )
    return _any_alternative(alternatives, share)


def _any_alternative(alternatives: Sequence[Alternative], share: float) -> _Group:
    query = " | ".join(" & ".join(words) for words in alternatives)
    return _Group(tuple(alternatives), share, f"({query})")


def _quoted(word: str) -> str:
    # Folded text has none of the characters that the syntax of tsquery reserves within quotes.
    return f"'{word}'" if len(word) <= MAX_WORD else _beginning(word)


def _beginning(word: str) -> str:
    return f"'{word[:MAX_WORD]}':*"


def _is_beginning(operand: str) -> bool:
    return operand.endswith(":*")
