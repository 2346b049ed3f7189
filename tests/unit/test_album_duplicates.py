"""Which titles are those of one album, and which groups its pairs form."""

from __future__ import annotations

from uuid import UUID

import pytest

from service.albums.alike import AlbumTitle, connected, similar_pairs, without_edition


@pytest.mark.parametrize(
    ("title", "core"),
    [
        ("Ten", "Ten"),
        ("Ten (Deluxe Edition)", "Ten"),
        ("Ten [2009 Remastered]", "Ten"),
        ("Ten (Remastered) [Bonus Tracks]", "Ten"),
        ("Ten (Bonus Track Version) (Remastered)", "Ten"),
        ("Ten - Deluxe", "Ten"),
        ("Ten - Live - 2011 Remaster", "Ten - Live"),
        ("Ten Super Deluxe", "Ten"),
        ("Ten Special Edition", "Ten"),
        ("Ten (Live)", "Ten (Live)"),
        ("Ten (Live) (Deluxe)", "Ten (Live)"),
        ("Ten (Deluxe Live Edition)", "Ten (Deluxe Live Edition)"),
        ("Ten (Vol. 2 Deluxe)", "Ten (Vol. 2 Deluxe)"),
        ("Ten (Acoustic Version)", "Ten (Acoustic Version)"),
        ("Red (Taylor's Version)", "Red (Taylor's Version)"),
        ("(Deluxe Edition)", "(Deluxe Edition)"),
        ("Limited", "Limited"),
        ("Deluxe", "Deluxe"),
        ("- Deluxe", "- Deluxe"),
        ("", ""),
    ],
)
def test_titles_without_their_edition(title: str, core: str) -> None:
    assert without_edition(title) == core


def test_pairs_form_groups() -> None:
    one, two, three, four, five = (UUID(int=number) for number in range(1, 6))
    assert connected([(two, three), (four, five), (one, two)]) == [
        (one, two, three),
        (four, five),
    ]
    assert connected([]) == []


def test_similar_titles_are_of_about_one_time() -> None:
    def album(number: int, title: str, year: int | None = None) -> AlbumTitle:
        return AlbumTitle(UUID(int=number), title, title, year)

    one, two = album(1, "backspacer", 2009), album(2, "backspaser", 2010)
    assert similar_pairs([two, one]) == [(one.id, two.id)]
    assert similar_pairs([one, album(3, "backspaser", 2011)]) == []
    assert similar_pairs([one, album(3, "backspaser")]) == [(one.id, UUID(int=3))]
    assert similar_pairs([one, album(3, "backspacer")]) == []
    assert similar_pairs([album(1, "volume 1"), album(2, "volume 2")]) == []
