"""Values of fields of a track, each in a line for people."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf.json_format import MessageToDict

from fonoteca.v1.track_pb2 import Track


def value_text(track: Track, field: str) -> str:
    """Return the value of a field in a line for people; empty when it has none."""
    value: Any = MessageToDict(track, preserving_proto_field_name=True)
    for name in field.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return _written(value)


def _written(value: Any) -> str:
    """Write a value of JSON: names and titles as they are, dates as usual, the rest as JSON."""
    match value:
        case None | str():
            text = value or ""
        case {"title": str(title)}:
            text = title
        case {"year": _}:
            parts = (value[part] for part in ("year", "month", "day") if part in value)
            text = "-".join(f"{part:02}" for part in parts)
        case [{"name": _}, *_]:
            text = "".join(f"{each['name']}{each.get('join_phrase', '')}" for each in value)
        case [str(), *_]:
            text = ", ".join(value)
        case _:
            text = json.dumps(value, ensure_ascii=False)
    return text
