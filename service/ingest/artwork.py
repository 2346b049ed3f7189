"""Sends pictures that were left in a folder, each content once, and says whose they are."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import grpc

from fonoteca.v1 import artwork_pb2 as pb
from fonoteca.v1.artwork_pb2_grpc import ArtworkServiceStub
from service.ingest.client import status_code, until_answered
from service.ingest.pictures import FoundPicture

R = TypeVar("R")
T = TypeVar("T")

TIMEOUT_SECONDS: Final = 120

_CHUNK: Final = 256 << 10
_HASHES: Final = 1_000
_FILES: Final = 500
#: Pictures that are sent at once: decoding them is the server's work, and takes longer.
_AT_ONCE: Final = 4
#: Known pictures that are remembered; more are asked for again.
_MAX_KNOWN: Final = 20_000
_REFUSED: Final = grpc.StatusCode.INVALID_ARGUMENT


class ArtworkClient:
    """Brings the pictures of audio files to one server."""

    def __init__(
        self, channel: grpc.Channel, box: Path, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        """Use a channel, and the folder in which pictures are left under their hashes."""
        self._stub = ArtworkServiceStub(channel)
        self._box = box
        self._pause = pause
        self._known: set[str] = set()
        self._refused: dict[str, str] = {}

    def send(self, files: Sequence[tuple[str, Sequence[FoundPicture]]]) -> dict[str, str]:
        """Bring the pictures of files, which are known by the hashes of their contents.

        Returns the pictures that the server has refused, each with the reason. Raises
        `grpc.RpcError`.
        """
        wanted = {picture.hash for _, pictures in files for picture in pictures}
        self._bring(sorted(wanted - self._known - self._refused.keys()))
        linked = {content: self._file(content, pictures) for content, pictures in files}
        for some in _chunks(list(linked.values()), _FILES):
            request = pb.LinkArtworkRequest(files=some)
            until_answered(
                self._pause, partial(self._stub.LinkArtwork, request, timeout=TIMEOUT_SECONDS)
            )
        return {each: self._refused[each] for each in wanted & self._refused.keys()}

    def _bring(self, hashes: Sequence[str]) -> None:
        """Send those of the pictures that the server does not have."""
        if len(self._known) > _MAX_KNOWN:
            self._known.clear()
        for some in _chunks(hashes, _HASHES):
            request = pb.CheckArtworkRequest(hashes=some)
            answer = until_answered(
                self._pause, partial(self._stub.CheckArtwork, request, timeout=TIMEOUT_SECONDS)
            )
            for unknown in _chunks(answer.unknown, _AT_ONCE):
                self._put(unknown)
            for each in some:
                # What is left of it says that this content was brought.
                os.truncate(self._box / each, 0)
            self._known.update(each for each in some if each not in self._refused)

    def _put(self, hashes: Sequence[str]) -> None:
        """Send pictures, all at once; take note of those that are refused."""
        calls = {each: self._call(each) for each in hashes}
        for each, call in calls.items():
            try:
                until_answered(self._pause, call.result, partial(self._put_one, each))
            except grpc.RpcError as error:
                if status_code(error) is not _REFUSED:
                    raise
                self._refused[each] = _reason(error)

    def _put_one(self, picture_hash: str) -> pb.Artwork:
        return self._call(picture_hash).result()

    def _call(self, picture_hash: str) -> grpc.Future[pb.Artwork]:
        return self._stub.PutArtwork.future(
            _parts(self._box / picture_hash), timeout=TIMEOUT_SECONDS
        )

    def _file(self, content: str, pictures: Sequence[FoundPicture]) -> pb.FileArtwork:
        return pb.FileArtwork(
            content_hash=content,
            links=[
                pb.ArtworkLink(
                    hash=each.hash,
                    type=each.type,
                    origin=pb.ARTWORK_ORIGIN_EMBEDDED
                    if each.is_embedded
                    else pb.ARTWORK_ORIGIN_FOLDER,
                )
                for each in pictures
                if each.hash not in self._refused
            ],
        )


def _reason(error: grpc.RpcError) -> str:
    """Return why a picture was refused, without the name of the field that says so."""
    details = error.details() if isinstance(error, grpc.Call) else None
    return (details or "it was refused").removeprefix("chunk: ")


def _parts(path: Path) -> Iterator[pb.PutArtworkRequest]:
    """Yield the messages that send a picture, whose name is its hash."""
    with path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        description = pb.ArtworkDescription(size_bytes=size, sha256=path.name)
        yield pb.PutArtworkRequest(description=description)
        while chunk := stream.read(_CHUNK):
            yield pb.PutArtworkRequest(chunk=chunk)


def _chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
