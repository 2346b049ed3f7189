"""MatchTracks' messages, read and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from fonoteca.v1 import search_pb2 as pb
from service.artists.model import MAX_NAME
from service.matching.model import (
    DEFAULT_CONFIDENCE,
    MAX_ARTISTS,
    MAX_REF,
    MAX_RUNNERS_UP,
    Item,
    Match,
)
from service.tracks.codec import decode_isrc
from service.tracks.document import track_message
from service.tracks.model import MAX_TITLE
from service.validation import Check
from service.wire.types import decode_source


@dataclass(frozen=True, slots=True)
class Options:
    """How a stream is matched."""

    library_id: UUID | None
    max_runners_up: int
    min_confidence: float

    def chosen(self, matches: Sequence[Match]) -> Sequence[Match]:
        """Return which matches are returned."""
        enough = [match for match in matches if match.confidence >= self.min_confidence]
        return enough[: 1 + self.max_runners_up]


def decode_options(message: pb.MatchOptions) -> Options:
    """Read the options of a stream. Raises `InvalidInput`."""
    check = Check()
    least = DEFAULT_CONFIDENCE
    if message.HasField("min_confidence"):
        least = check.number("options.min_confidence", message.min_confidence, low=0, high=1)
    options = Options(
        check.optional_uuid("options.library_id", message.library_id),
        check.whole("options.max_runners_up", message.max_runners_up, low=0, high=MAX_RUNNERS_UP),
        least,
    )
    check.done()
    return options


def decode_item(message: pb.MatchItem) -> Item:
    """Read one description; its fields are named as seen from inside it. Raises `InvalidInput`."""
    check = Check()
    check.text("ref", message.ref, max_length=MAX_REF)
    has_source = message.HasField("source")
    if not (message.title.strip() or message.isrc or message.mbid or has_source):
        check.fail("title", "must not be blank without an ISRC, an MBID or a source")
    length = 0
    if message.HasField("duration"):
        length = check.milliseconds("duration", message.duration.seconds, message.duration.nanos)
    isrc = message.isrc.replace("-", "").upper()
    item = Item(
        check.text("title", message.title, max_length=MAX_TITLE).strip(),
        check.each("artists", _artist, message.artists, most=MAX_ARTISTS),
        check.text("album", message.album, max_length=MAX_TITLE),
        length or None,
        decode_isrc(check, isrc) if isrc else "",
        check.optional_uuid("mbid", message.mbid),
        decode_source(check, "source", message.source) if has_source else None,
    )
    check.done()
    return item


def _artist(check: Check, name: str) -> str:
    return check.text("", name, max_length=MAX_NAME, required=True)


def encode_result(
    index: int, ref: str, matches: Sequence[Match], documents: Mapping[UUID, bytes]
) -> pb.MatchResult:
    """Return the matches of an item; tracks that were deleted a moment ago are left out."""
    candidates = [
        pb.MatchCandidate(
            track=track_message(documents[match.track_id], full=False),
            confidence=match.confidence,
            reasons=map(pb.MatchReason.ValueType, match.reasons),
        )
        for match in matches
        if match.track_id in documents
    ]
    return pb.MatchResult(
        index=index,
        ref=ref,
        best=candidates[0] if candidates else None,
        runners_up=candidates[1:],
    )
