"""What pictures are decoded with. Runs in processes that may come to harm, and knows nothing else.

A picture is taken for what its bytes are. It is refused before it is decoded when it says to be too
large, and decoded as a whole, because only that shows whether it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from service.artwork.model import MAX_PIXELS

_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_QUALITY: Final = 82


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a picture is, or why it is none."""

    mime_type: str = ""
    width_px: int = 0
    height_px: int = 0
    refusal: str = ""


def inspect(path: str, _unused: None) -> Inspection:
    """Decode a picture; whatever goes wrong with it is in the result."""
    try:
        with _open(path) as image:
            image.load()
            mime_type = Image.MIME[image.format or ""]
            return Inspection(mime_type, image.width, image.height)
    except _RefusedError as error:
        return Inspection(refusal=str(error))
    except UnidentifiedImageError:
        return Inspection(refusal="is no picture of a known kind")
    except MemoryError:
        return Inspection(refusal="needs too much memory")
    # The decoders fail in any way on broken pictures: OSError, SyntaxError, struct.error, ...
    except Exception as error:  # noqa: BLE001
        return Inspection(refusal=f"is broken: {str(error).replace(path, '') or 'not readable'}")


def shrink(source: str, wanted: tuple[str, int]) -> None:
    """Write a smaller copy in WebP, upright, to a path; its longer side has at most so many pixels.

    Raises what Pillow raises when the picture cannot be decoded.
    """
    target, size = wanted
    with _open(source) as image:
        image.draft("RGB", (size * 2, size * 2))
        upright = ImageOps.exif_transpose(image)
        mode = "RGBA" if upright.has_transparency_data else "RGB"
        small = upright.convert(mode)
        small.thumbnail((size, size), Image.Resampling.LANCZOS)
        small.save(Path(target), format="WEBP", quality=_QUALITY, method=4)


class _RefusedError(Exception):
    """The picture is not decoded at all."""


def _open(path: str) -> Image.Image:
    """Open a picture without decoding it. Raises `_RefusedError` when it is too large."""
    Image.MAX_IMAGE_PIXELS = None  # The same limit, but without a warning below twice of it.
    image = Image.open(path, formats=_FORMATS)
    if image.width * image.height > MAX_PIXELS:
        image.close()
        shown = f"{image.width} by {image.height} pixels"
        raise _RefusedError(f"has {shown}, more than {MAX_PIXELS:,} altogether")
    return image
