"""WAV, AIFF, DSF and DSDIFF, which keep an ID3 tag in a chunk, read with our kind of tag.

A tag that is too broken for mutagen does no harm to the sound; `ends` reads what there is of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, BinaryIO, ClassVar

from mutagen import aiff, dsdiff, dsf, wave
from mutagen._util import loadfile

from service.ingest.id3 import Keeping


class _InChunk(ABC):
    """A file of mutagen; to be mixed into a class of these."""

    _Tags: ClassVar[Any]
    tags: Any
    info: Any

    @loadfile()  # type: ignore[untyped-decorator]
    def load(self, filething: Any) -> None:
        """Read a file. Raises `mutagen.MutagenError`."""
        stream = filething.fileobj
        self.info = self._sound(stream)
        stream.seek(0)
        try:
            self.tags = self._Tags(stream)
        except MemoryError:
            raise
        # mutagen reports only some of what broken files make it do.
        except Exception:  # noqa: BLE001
            self.tags = None

    def add_tags(self) -> None:
        """Give a file without a tag an empty one."""
        self.tags = self._Tags()

    @abstractmethod
    def _sound(self, stream: BinaryIO) -> Any:
        """Return what a file says of its sound, as mutagen's classes tell it."""


class _WaveID3(Keeping, wave._WaveID3):  # noqa: SLF001
    pass


class _AiffID3(Keeping, aiff._IFFID3):  # noqa: SLF001
    pass


class _DsfID3(Keeping, dsf._DSFID3):  # noqa: SLF001
    pass


class _DsdiffID3(Keeping, dsdiff._DSDIFFID3):  # noqa: SLF001
    pass


class WAVE(_InChunk, wave.WAVE):
    """A WAV file."""

    _Tags = _WaveID3

    def _sound(self, stream: BinaryIO) -> Any:
        return wave.WaveStreamInfo(stream)


class AIFF(_InChunk, aiff.AIFF):
    """An AIFF file."""

    _Tags = _AiffID3

    def _sound(self, stream: BinaryIO) -> Any:
        return aiff.AIFFInfo(stream)


class DSF(_InChunk, dsf.DSF):
    """A DSF file."""

    _Tags = _DsfID3

    def _sound(self, stream: BinaryIO) -> Any:
        return dsf.DSFInfo(dsf.DSFFile(stream).fmt_chunk)


class DSDIFF(_InChunk, dsdiff.DSDIFF):
    """A DSDIFF file."""

    _Tags = _DsdiffID3

    def _sound(self, stream: BinaryIO) -> Any:
        return dsdiff.DSDIFFInfo(stream)
