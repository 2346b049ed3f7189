"""What a rename does to the names of an artist, and what is wrong with an artist that is sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fonoteca.v1 import artist_pb2 as pb
from fonoteca.v1.types_pb2 import ExternalSource, Link
from service.artists.codec import decode_artist, encode_draft
from service.artists.model import FORMER_NAME, ArtistAlias, ArtistDraft
from service.validation import Check

PRINCE = ArtistDraft(
    name="Prince",
    sort_name="",
    disambiguation="",
    country="US",
    mbid=None,
    aliases=(),
    links=(),
    sources=(),
)


def alias(name: str, kind: str = FORMER_NAME) -> ArtistAlias:
    return ArtistAlias(name, "", kind, is_primary=False)


def named(name: str, *aliases: ArtistAlias) -> ArtistDraft:
    return replace(PRINCE, name=name, aliases=aliases)


@pytest.mark.parametrize(
    ("wanted", "aliases"),
    [
        pytest.param(named("Prince"), (), id="same name"),
        pytest.param(named("Love Symbol"), (alias("Prince"),), id="another name"),
        pytest.param(named("PRINCE"), (alias("Prince"),), id="another spelling"),
        pytest.param(
            named("Love Symbol", alias("Prince", "ARTIST_NAME")),
            (alias("Prince", "ARTIST_NAME"),),
            id="the former name is an alias already",
        ),
        pytest.param(
            named("Love Symbol", alias("Love Symbol"), alias("TAFKAP")),
            (alias("TAFKAP"), alias("Prince")),
            id="a former name is the name again",
        ),
        pytest.param(
            named("Love Symbol", alias("Love Symbol", "ARTIST_NAME")),
            (alias("Love Symbol", "ARTIST_NAME"), alias("Prince")),
            id="an alias that somebody gave stays",
        ),
    ],
)
def test_a_rename_keeps_the_former_name_once(
    wanted: ArtistDraft, aliases: tuple[ArtistAlias, ...]
) -> None:
    assert wanted.renamed_from("Prince").aliases == aliases


def test_reads_what_it_wrote() -> None:
    message = pb.Artist(
        name="Björk",
        sort_name="Björk",
        disambiguation="singer",
        country="IS",
        mbid="87c5dedd-371d-4a53-9f7f-80522fb7f3cb",
        aliases=[
            pb.ArtistAlias(
                name="ビョーク", locale="ja", type=pb.ALIAS_TYPE_ARTIST_NAME, primary=True
            )
        ],
        links=[Link(type="homepage", uri="https://bjork.com")],
        sources=[ExternalSource(type="spotify", id="7w29UYBi0qsHi5RTcv3lmA")],
    )
    check = Check()
    draft = decode_artist(check, message)
    check.done()
    assert encode_draft(draft) == message


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (pb.Artist(), "name"),
        (pb.Artist(name=" \t"), "name"),
        (pb.Artist(name="a" * 501), "name"),
        (pb.Artist(name="a\0b"), "name"),
        (pb.Artist(name="a", sort_name="a" * 501), "sort_name"),
        (pb.Artist(name="a", disambiguation="a" * 201), "disambiguation"),
        (pb.Artist(name="a", country="is"), "country"),
        (pb.Artist(name="a", country="ISL"), "country"),
        (pb.Artist(name="a", mbid="87c5dedd"), "mbid"),
        (pb.Artist(name="a", aliases=[pb.ArtistAlias(name="b")] * 201), "aliases"),
        (
            pb.Artist(name="a", aliases=[pb.ArtistAlias(name="b"), pb.ArtistAlias()]),
            "aliases[1].name",
        ),
        (pb.Artist(name="a", aliases=[pb.ArtistAlias(name="b", locale="_")]), "aliases[0].locale"),
        (pb.Artist(name="a", aliases=[pb.ArtistAlias(name="b", type=99)]), "aliases[0].type"),  # type: ignore[arg-type]
        (
            pb.Artist(name="a", aliases=[pb.ArtistAlias(name="b", primary=True)] * 2),
            "aliases[1].primary",
        ),
        (pb.Artist(name="a", links=[Link(type="", uri="x")]), "links[0].type"),
        (pb.Artist(name="a", links=[Link(type="x", uri="a" * 2001)]), "links[0].uri"),
        (pb.Artist(name="a", links=[Link(type="x", uri="y")] * 101), "links"),
        (pb.Artist(name="a", sources=[ExternalSource(type="Spotify", id="x")]), "sources[0].type"),
        (pb.Artist(name="a", sources=[ExternalSource(type="s", id="x")] * 2), "sources"),
    ],
)
def test_names_the_bad_field(bad: pb.Artist, field: str) -> None:
    check = Check()
    decode_artist(check, bad)
    assert [violation.field for violation in check.violations] == [field]
