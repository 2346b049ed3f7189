"""One track of an import, as it was sent and as it was read."""

from __future__ import annotations

from dataclasses import dataclass

from fonoteca.v1 import track_pb2 as pb
from service.provenance.model import Attribution, Conclusion, attribution_of
from service.sources import FILE, file_source_id
from service.tracks.model import TrackDraft
from service.tracks.store import SourceKey

Belonging = SourceKey | str
"""What belongs to one track: a place in another system, or the address of a file."""


@dataclass(frozen=True, slots=True)
class Item:
    """One track of an import: what was sent, what was read of it, and the hash of what was sent.

    A rule may have concluded one of its fields from what was sent.
    """

    index: int
    message: pb.Track
    draft: TrackDraft
    fingerprint: bytes
    conclusion: Conclusion | None = None

    @property
    def key(self) -> SourceKey:
        """What says which track it is."""
        return self.draft.sources[0].type, self.draft.sources[0].id

    @property
    def by(self) -> Attribution:
        """Who says what it says."""
        return attribution_of(self.draft.sources[0])

    @property
    def is_file(self) -> bool:
        """Whether it is known by its one file, and not by another system."""
        sources, files = self.draft.sources, self.draft.files
        if sources[0].type != FILE or len(files) != 1:
            return False
        return sources[0].id == file_source_id(files[0].uri)

    @property
    def belongings(self) -> dict[Belonging, str]:
        """What no other track may have, with the field that says so."""
        draft = self.draft
        fields: dict[Belonging, str] = {
            (source.type, source.id): f"sources[{index}]"
            for index, source in enumerate(draft.sources)
        }
        fields.update((file.uri, f"files[{index}]") for index, file in enumerate(draft.files))
        return fields
