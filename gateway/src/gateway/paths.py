"""Paths: a path that can be read in more than one way is refused.

The services must read a path as the gateway does. Dot segments, empty segments and encoded separators are refused: with them a
request could reach another route than the one that was checked.
"""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

PATH_LENGTH_MAX: Final = 2048
# The form of nearly all requests: no escape, no segment that begins with a dot.
_PLAIN: Final = re.compile(rb"/api/v1/([a-z][a-z0-9-]*)(?:/[A-Za-z0-9_~:@$!*()+,=&-][A-Za-z0-9._~:@$!*()+,=&-]*)*/?")
# RFC 3986: pchar, with complete escapes only.
_SEGMENT: Final = re.compile(rb"(?:[A-Za-z0-9._~:@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*")
_API: Final = [b"api", b"v1"]
# The decision point, where the standard has it (OpenID AuthZEN): at the root, and of the service that serves /api/v1/access.
_DECISIONS: Final = {b"/access/v1/evaluation", b"/access/v1/evaluations"}
DECISIONS_SEGMENT: Final = "access"
_SPACE, _DELETE = 0x20, 0x7F


class AmbiguousPath(ValueError):
    """The path can be read in more than one way."""


def api_segment(raw_path: bytes) -> str | None:
    """Return the segment after /api/v1, None for a path outside the API; raises AmbiguousPath.

    The paths of the decision point belong to the API too.
    """
    if len(raw_path) > PATH_LENGTH_MAX:
        raise AmbiguousPath("too long")
    if raw_path in _DECISIONS:
        return DECISIONS_SEGMENT
    if plain := _PLAIN.fullmatch(raw_path):
        return plain[1].decode("ascii")
    if not raw_path.startswith(b"/"):
        raise AmbiguousPath("not absolute")
    segments = raw_path[1:].split(b"/")
    for segment in segments[:-1]:
        if not segment:
            raise AmbiguousPath("empty segment")
    for segment in segments:
        _require_clear(segment)
    if segments[:2] != _API or len(segments) < 3:  # noqa: PLR2004  # api, v1 and one more
        return None
    return segments[2].decode("ascii")


def _require_clear(segment: bytes) -> None:
    if not _SEGMENT.fullmatch(segment):
        raise AmbiguousPath("not a path segment")
    text = unquote_to_bytes(segment)
    # No "%", which a second decoding would change, no separator of any operating system, no control character.
    if any(byte < _SPACE or byte == _DELETE or byte in b"%/\\" for byte in text):
        raise AmbiguousPath("encoded separator")
    # Some servers read "..;x" as "..".
    if text.partition(b";")[0] in {b".", b".."}:
        raise AmbiguousPath("dot segment")
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        raise AmbiguousPath("not UTF-8") from None
