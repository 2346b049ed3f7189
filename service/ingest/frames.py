"""Sound that is a row of frames without a head: MPEG audio and AAC.

Each frame tells its own length. What is between two frames is passed over, but not without end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, Final, TypeAlias

Measure: TypeAlias = Callable[[bytes], tuple[int, int]]
"""Returns one fact of a frame by its head, and its length in bytes; zeros when it is none."""

#: How far a frame is looked for: more than the largest one.
_REACH: Final = 16_384
_MOST_FRAMES: Final = 5_000_000


def frames(
    stream: BinaryIO, measure: Measure, head: int, at: int, *, most: int = _MOST_FRAMES
) -> Iterator[tuple[int, int]]:
    """Yield what is measured of the frames from a place on; a head has so many bytes."""
    for _ in range(most):
        stream.seek(at)
        fact, size = measure(stream.read(head))
        if not size:
            at = first_frame(stream, measure, head, at)
            if at < 0:
                return
            stream.seek(at)
            fact, size = measure(stream.read(head))
        yield fact, size
        at += size


def first_frame(stream: BinaryIO, measure: Measure, head: int, at: int) -> int:
    """Return where the next two frames in a row begin, or -1."""
    stream.seek(at)
    content = stream.read(_REACH)
    place = content.find(b"\xff")
    while 0 <= place <= len(content) - head:
        _, size = measure(content[place : place + head])
        if size:
            stream.seek(at + place + size)
            if measure(stream.read(head))[1]:
                return at + place
        place = content.find(b"\xff", place + 1)
    return -1
