"""What an update changes: the paths of `update_mask`, or else the fields that are set.

Follows AIP-134: a path that is named but empty in the new values is cleared, `*` is every field,
fields that only the server sets are ignored, unknown paths are refused. Lists are replaced as a
whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from service.errors import FieldViolation, InvalidInput

M = TypeVar("M", bound=Message)


def masked(current: M, update: M, mask: FieldMask, *, ignored: Iterable[str]) -> M:
    """Return `current` with the fields of `update` that `mask` names.

    `ignored` are the top-level fields that an update cannot change. Raises `InvalidInput` for a
    path that does not exist or leads into a list.
    """
    paths = list(mask.paths) or [field.name for field, _ in update.ListFields()]
    if "*" in paths:
        paths += [field.name for field in update.DESCRIPTOR.fields]
        paths = [path for path in paths if path != "*"]
    skipped = frozenset(ignored)
    result = type(current)()
    result.CopyFrom(current)
    violations = []
    for path in paths:
        if _is_path(update.DESCRIPTOR, path):
            if path.split(".")[0] not in skipped:
                _copy(update, result, path)
        else:
            name = update.DESCRIPTOR.name
            violations.append(FieldViolation("update_mask", f"{path!r} is no field of {name}"))
    if violations:
        raise InvalidInput(violations)
    return result


def _is_path(descriptor: Any, path: str) -> bool:
    head, dot, rest = path.partition(".")
    field = descriptor.fields_by_name.get(head)
    if field is None:
        return False
    if not dot:
        return True
    return (
        field.type == FieldDescriptor.TYPE_MESSAGE
        and not field.is_repeated
        and _is_path(field.message_type, rest)
    )


def _copy(source: Message, target: Message, path: str) -> None:
    head, _, rest = path.partition(".")
    if rest:
        if source.HasField(head) or target.HasField(head):
            _copy(getattr(source, head), getattr(target, head), rest)
        return
    target.ClearField(head)
    field = source.DESCRIPTOR.fields_by_name[head]
    if field.is_repeated:
        getattr(target, head).extend(getattr(source, head))
    elif field.type == FieldDescriptor.TYPE_MESSAGE:
        if source.HasField(head):
            getattr(target, head).CopyFrom(getattr(source, head))
    elif not field.has_presence or source.HasField(head):
        setattr(target, head, getattr(source, head))
