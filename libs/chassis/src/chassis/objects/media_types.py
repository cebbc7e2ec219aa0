"""Compares content with its declared media type, by its first bytes and, for text, by all of them."""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kernel.objects import ContentMismatch

# How many of the first bytes are compared.
HEAD_BYTES: Final = 512
_BOM: Final = codecs.BOM_UTF8
_SPACE: Final = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class MediaType:
    """`starts` are the signatures of which the content has one at its beginning; for text, after a byte order mark and spaces.

    `not_starts` are signatures of other text formats, `contains` is found in the first bytes, `ends` at the end.
    """

    starts: tuple[bytes, ...] = ()
    not_starts: tuple[bytes, ...] = ()
    contains: bytes = b""
    ends: bytes = b""
    is_text: bool = False


# From the formats' specifications. A ZIP archive of Office Open XML names its parts in its local headers.
KNOWN: Final[Mapping[str, MediaType]] = {
    "application/json": MediaType(starts=tuple(bytes([first]) for first in b'{["-0123456789tfn'), is_text=True),
    "application/xml": MediaType(starts=(b"<",), is_text=True),
    "text/xml": MediaType(starts=(b"<",), is_text=True),
    "text/csv": MediaType(not_starts=(b"<", b"{", b"%PDF-"), is_text=True),
    "text/plain": MediaType(is_text=True),
    "application/pdf": MediaType(starts=(b"%PDF-",)),
    "image/png": MediaType(starts=(b"\x89PNG\r\n\x1a\n",)),
    "image/jpeg": MediaType(starts=(b"\xff\xd8\xff",)),
    "application/zip": MediaType(starts=(b"PK\x03\x04", b"PK\x05\x06")),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": MediaType(
        starts=(b"PK\x03\x04",), contains=b"[Content_Types].xml"
    ),
    "application/vnd.apache.parquet": MediaType(starts=(b"PAR1",), ends=b"PAR1"),
}


class Sniffer:
    """Reads content as it arrives; raises ContentMismatch as soon as it is not of the declared type."""

    __slots__ = ("_decoder", "_head", "_is_judged", "_known", "_media_type", "_tail")

    def __init__(self, media_type: str) -> None:
        """Raise KeyError for a media type that is not known."""
        self._media_type = media_type
        self._known = KNOWN[media_type]
        self._head = b""
        self._tail = b""
        self._is_judged = False
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def read(self, chunk: bytes) -> None:
        if self._known.is_text:
            self._read_text(chunk, is_last=False)
        self._tail = (self._tail + chunk)[-len(self._known.ends) :] if self._known.ends else b""
        if not self._is_judged:
            self._head += chunk[: HEAD_BYTES - len(self._head)]
            if len(self._head) == HEAD_BYTES:
                self._judge_head()

    def end(self) -> None:
        """Judge what only the whole content shows. Empty content is left to its reader."""
        if not self._head:
            return
        if self._known.is_text:
            self._read_text(b"", is_last=True)
        self._judge_head()
        if self._tail != self._known.ends:
            raise self._mismatch("the last bytes of {}")

    def _read_text(self, chunk: bytes, *, is_last: bool) -> None:
        if b"\0" in chunk:
            raise self._mismatch("{} without NUL")
        try:
            self._decoder.decode(chunk, is_last)
        except UnicodeDecodeError:
            raise self._mismatch("{} in UTF-8") from None

    def _judge_head(self) -> None:
        self._is_judged = True
        known, head = self._known, self._head
        if known.is_text:
            head = head.removeprefix(_BOM).lstrip(_SPACE)
        # Content that begins with more spaces than are compared is left to its reader.
        if head and known.starts and not head.startswith(known.starts):
            raise self._mismatch("the first bytes of {}")
        if head.startswith(known.not_starts) or known.contains not in head:
            raise self._mismatch("the first bytes of {}")

    def _mismatch(self, expected: str) -> ContentMismatch:
        return ContentMismatch(field="body", expected=expected.format(self._media_type))
