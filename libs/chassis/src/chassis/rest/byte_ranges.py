"""The Range field (RFC 9110 section 14): one range of bytes. Several ranges are answered with the whole content."""

import re
from dataclasses import dataclass
from typing import Final

_RANGE: Final = re.compile(r"bytes\s*=\s*([0-9]*)\s*-\s*([0-9]*)\s*", re.IGNORECASE)
_DIGITS_MAX: Final = 18


@dataclass(frozen=True, slots=True)
class ByteRange:
    """From `start` to before `end`."""

    start: int
    end: int


class NotSatisfiable(Exception):
    """No byte of the content is in the range: 416."""


def range_of(field: str | None, size: int) -> ByteRange | None:
    """Return the requested range; None if there is none or it must be ignored. Raises NotSatisfiable."""
    found = _RANGE.fullmatch(field.strip()) if field else None
    if not found or not (found[1] or found[2]) or max(len(found[1]), len(found[2])) > _DIGITS_MAX:
        return None
    if not found[1]:
        return _last(int(found[2]), size)
    start = int(found[1])
    end = int(found[2]) + 1 if found[2] else size
    if end <= start and found[2]:
        # RFC 9110 section 14.1.1: invalid, and an invalid field is ignored.
        return None
    if start >= size:
        raise NotSatisfiable
    return ByteRange(start, min(end, size))


def _last(count: int, size: int) -> ByteRange:
    if count == 0 or size == 0:
        raise NotSatisfiable
    return ByteRange(max(size - count, 0), size)
