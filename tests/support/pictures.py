"""Pictures for tests."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image


def picture(
    width: int = 30, height: int = 20, *, color: str = "red", kind: str = "JPEG", **how: Any
) -> bytes:
    """Return a picture of one color; `how` are the options of the encoder."""
    stream = io.BytesIO()
    Image.new("RGB", (width, height), color).save(stream, kind, **how)
    return stream.getvalue()
