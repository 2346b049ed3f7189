"""What the catalogue says about the words of queries, each question asked once.

What is known beforehand saves steps: a word that no name has cannot be found as it is typed, and a
common one is no way into the index.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from service.database import Connection
from service.search import store
from service.search.model import Folded
from service.search.patterns import (
    Vocabulary,
    is_one_edit_away,
    joins,
    may_be_mended_twice,
    may_be_misspelt,
    splits,
)


class Lexicon:
    """The vocabulary of the catalogue, as far as it was asked for.

    `has_lyrics` says whether any track had lyrics when the queries were read.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.has_lyrics = False
        self._tiers: dict[str, int] = {}
        self._near: dict[str, dict[str, int]] = {}
        self._shares: dict[str, float] = {}
        self._asked: set[str] = set()
        self._mended: set[str] = set()
        self._begun: set[str] = set()
        self.known = Vocabulary(self._tiers, self._near, self._shares, self._begun)

    async def read(self, texts: Sequence[str], cores: Sequence[str]) -> list[Folded]:
        """Return queries as they are compared, and learn of their words."""
        queries = await store.read_queries(self.connection, texts, cores)
        for query in queries:
            self._take_over(query)
        return queries

    async def learn(self, phrases: Iterable[Sequence[str]]) -> Vocabulary:
        """Learn what may be meant by the words that the catalogue does not have.

        That is the words nearest to them, their halves, and each pair of neighbors as one word.
        """
        phrases = list(phrases)
        await self._ask({word for words in phrases for word in words})
        unknown = {word for words in phrases for word in words if word not in self._tiers}
        others = {joined for words in phrases for _, joined in joins(words)}
        others.update(half for word in unknown for two in splits(word) for half in two)
        await self._ask(others, unknown)
        return self.known

    async def mend(self, words: Iterable[str]) -> None:
        """Learn of all words that resemble these, be they known themselves."""
        await self._ask((), words, farther=True)

    async def lookalikes(self, words: Collection[str]) -> dict[str, list[str]]:
        """Return the words that look most like these."""
        return await store.lookalikes(self.connection, words)

    def _take_over(self, query: Folded) -> None:
        written = query.text.split(" ")
        self._asked.update(written)
        self._asked.update(joined for _, joined in joins(written))
        self._asked.add("".join(written))
        self.has_lyrics = query.has_lyrics
        if query.is_begun:
            self._begun.add(written[-1])
        if query.words and query.tiers and query.shares:
            self._tiers.update(zip(query.words, query.tiers, strict=True))
            shares = zip(query.words, query.shares, strict=True)
            self._shares.update((word, share) for word, share in shares if share)

    async def _ask(
        self, words: Collection[str], misspelt: Iterable[str] = (), *, farther: bool = False
    ) -> None:
        new = set(words) - self._asked
        wrong = set(misspelt) - (self._mended if farther else self._near.keys())
        if new or wrong:
            self._asked |= new
            found = await look_up(self.connection, new, wrong, edits=2 if farther else 1)
            self._tiers.update(found.tiers)
            self._shares.update(found.shares)
            self._near.update({word: dict(found.near.get(word, {})) for word in wrong})
            if farther:
                self._mended |= wrong
            else:
                await self._ask((), filter(self._is_far, wrong), farther=True)

    def _is_far(self, word: str) -> bool:
        """Whether a word may resemble some, and none of them by a single edit."""
        return may_be_mended_twice(word) and not is_one_edit_away(word, self._near[word])


async def look_up(
    connection: Connection, words: Collection[str], misspelt: Iterable[str], *, edits: int = 2
) -> Vocabulary:
    """Return which of some folded words the catalogue has, and which of its words resemble others.

    Those are up to so many allowed edits away; some are a typo too far, which `mended` leaves out.
    To look for one edit alone costs a fraction.
    """
    tiers: dict[str, int] = {}
    shares: dict[str, float] = {}
    near: dict[str, dict[str, int]] = {}
    wrong = list(filter(may_be_misspelt, misspelt))
    for meant_by, word, tier, share in await store.look_up_words(connection, words, wrong, edits):
        tiers[word] = tier
        if share:
            shares[word] = share
        if meant_by is not None:
            near.setdefault(meant_by, {})[word] = tier
    return Vocabulary(tiers, near, shares)
