"""What tracks, artists and albums have in common where they are found twice and merged.

The service has the same calls for each; they differ in names, and in what tells one from another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any, Final

import grpc
from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from fonoteca.v1 import album_pb2, artist_pb2, track_pb2
from fonoteca.v1.album_pb2_grpc import AlbumServiceStub
from fonoteca.v1.artist_pb2_grpc import ArtistServiceStub
from fonoteca.v1.track_pb2_grpc import TrackServiceStub
from service.cli.answers import clock
from service.cli.connection import pages

_SECONDS: Final = 60
"""How long a merge may take: it waits for an import."""

_PAGE_GROUPS: Final = 100


class Kind(StrEnum):
    """What may be in the catalogue twice."""

    TRACKS = auto()
    ARTISTS = auto()
    ALBUMS = auto()


class Tier(StrEnum):
    """How duplicates are found; each kind has some of them."""

    SAME_CONTENT = "same-content"
    SAME_AUDIO = "same-audio"
    SAME_ISRC = "same-isrc"
    SAME_MBID = "same-mbid"
    SAME_BARCODE = "same-barcode"
    SAME_NAME = "same-name"
    SAME_LETTERS = "same-letters"
    ALIAS = "alias"
    OTHER_EDITION = "other-edition"
    SIMILAR = "similar"


@dataclass(frozen=True, slots=True)
class Mergeable:
    """One kind: the names of its calls, and what is shown of it."""

    #: What one of them is called.
    one: str
    #: The call that lists duplicates.
    listing: str
    #: The module of its messages.
    messages: Any
    stub: Callable[[grpc.Channel], Any]
    #: The heads of what is shown of each, numbers first, and the texts below them.
    numbers: tuple[str, ...]
    texts: tuple[str, ...]
    cells: Callable[[Any], tuple[str, ...]]

    @property
    def tiers(self) -> dict[Tier, int]:
        """The tiers of this kind with their numbers in the contract, the surest first."""
        field = self._request(self.listing).DESCRIPTOR.fields_by_name["tier"]
        return {
            Tier[_short(value.name, "DUPLICATE_TIER_")]: value.number
            for value in _enum(field).values
            if value.number
        }

    def groups(self, channel: grpc.Channel, tier: Tier, **fields: str) -> Iterator[Any]:
        """Yield the groups that a tier finds."""
        call = getattr(self.stub(channel), self.listing)
        request = self._request(self.listing, tier=self.tiers[tier], **fields)
        for page in pages(call, request, size=_PAGE_GROUPS):
            yield from page.groups

    def reasons(self, group: Any) -> list[str]:
        """Return in words what all of a group have in common."""
        names = _enum(group.DESCRIPTOR.fields_by_name["reasons"]).values_by_number
        found = (_short(names[reason].name, "DUPLICATE_REASON_") for reason in group.reasons)
        return [name.lower().replace("_", " ") for name in found]

    def members(self, message: Any) -> Any:
        """Return those of this kind that a group or an answer holds."""
        return getattr(message, f"{self.one}s")

    def merge(self, channel: grpc.Channel, survivor: str, ids: list[str], **fields: Any) -> Any:
        """Merge some into a survivor; returns the answer."""
        named = {"survivor_id": survivor, f"{self.one}_ids": ids}
        return self._ask(channel, f"Merge{self._many}", **named, **fields)

    def unmerge(self, channel: grpc.Channel, ids: list[str], **fields: Any) -> Any:
        """Take merges back; returns the answer."""
        return self._ask(channel, f"Unmerge{self._many}", **{f"{self.one}_ids": ids}, **fields)

    def merged(self, channel: grpc.Channel, id_: str) -> list[Any]:
        """Return those that were merged into one."""
        name = f"ListMerged{self._many}"
        call = getattr(self.stub(channel), name)
        listing = pages(call, self._request(name, id=id_))
        return [each for page in listing for each in self.members(page)]

    def name(self, member: Any) -> str:
        """Return what a member is called, in a line."""
        title, *more = self.cells(member)[len(self.numbers) :]
        return f"{title} ({more[0]})" if more and more[0] else title

    @property
    def _many(self) -> str:
        return f"{self.one.title()}s"

    def _request(self, name: str, **fields: Any) -> Any:
        return getattr(self.messages, f"{name}Request")(**fields)

    def _ask(self, channel: grpc.Channel, name: str, **fields: Any) -> Any:
        return getattr(self.stub(channel), name)(self._request(name, **fields), timeout=_SECONDS)


def counts(answer: Message) -> str:
    """Return in words what a merge has moved, by the numbers in its answer."""
    numbers = (field for field in answer.DESCRIPTOR.fields if not field.message_type)
    return ", ".join(
        f"{getattr(answer, field.name):,} {field.name.replace('_', ' ')}" for field in numbers
    )


def _track(track: track_pb2.Track) -> tuple[str, ...]:
    length = clock(track.duration) if track.HasField("duration") else ""
    return length, track.title, track.artist, track.album.title


def _artist(artist: artist_pb2.Artist) -> tuple[str, ...]:
    aliases = ", ".join(alias.name for alias in artist.aliases)
    return artist.name, artist.disambiguation, aliases


def _album(album: album_pb2.Album) -> tuple[str, ...]:
    return str(album.release_date.year or ""), album.title, album.artist, album.barcode


def _short(name: str, prefix: str) -> str:
    """Return the name of a value of an enum without that of the enum."""
    return name.partition(prefix)[2]


def _enum(field: FieldDescriptor) -> EnumDescriptor:
    found = field.enum_type
    if found is None:
        raise TypeError(f"{field.full_name} is no enum")
    return found


KINDS: Final[Mapping[Kind, Mergeable]] = {
    Kind.TRACKS: Mergeable(
        "track", "ListDuplicates", track_pb2, TrackServiceStub,
        ("length",), ("title", "artist", "album"), _track,
    ),
    Kind.ARTISTS: Mergeable(
        "artist", "ListDuplicateArtists", artist_pb2, ArtistServiceStub,
        (), ("name", "which", "aliases"), _artist,
    ),
    Kind.ALBUMS: Mergeable(
        "album", "ListDuplicateAlbums", album_pb2, AlbumServiceStub,
        ("year",), ("title", "artist", "barcode"), _album,
    ),
}  # fmt: skip
"""All kinds."""
