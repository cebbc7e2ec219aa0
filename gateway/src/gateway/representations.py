"""The gateway's own content, plain and compressed, each with its own entity tag (RFC 9110 sections 8.8.3 and 12.5.3).

Compress only content that is the same for all clients: the compressed length can disclose a secret (BREACH).
"""

import asyncio
import gzip
import hashlib
from dataclasses import dataclass
from typing import Final

from chassis.entity_tags import is_current, is_known
from gateway.error_responses import stale
from gateway.proxied_request import ProxiedRequest, RawHeader

NOT_MODIFIED: Final = 304
ENCODED: Final = (b"content-encoding", b"gzip")
_LEVEL: Final = 9
# Compress only if the result is at most this fraction of the original.
_WORTH: Final = 0.9


@dataclass(frozen=True, slots=True)
class Representation:
    """`packed` is the gzip form. If it is worth it, only that is stored: requests for plain content are rare and unpack it."""

    content_type: bytes
    plain: bytes | None
    packed: bytes | None
    etag: str

    @classmethod
    def of(cls, content_type: bytes, body: bytes) -> "Representation":
        packed = gzip.compress(body, _LEVEL, mtime=0)
        is_worth_it = len(packed) < _WORTH * len(body)
        etag = hashlib.sha256(body).hexdigest()[:32]
        return cls(content_type, None if is_worth_it else body, packed if is_worth_it else None, etag)

    async def serve(self, request: ProxiedRequest, *headers: RawHeader) -> None:
        """Respond with 200, or 304 if the client has this version; `headers` control caching. Raises Refusal (412)."""
        packed = self.packed if takes_gzip(_field(request, "Accept-Encoding")) else None
        etag = f'"{self.etag}-gzip"' if packed else f'"{self.etag}"'
        own = [*headers, (b"etag", etag.encode("ascii"))]
        if self.packed:
            request.vary(b"Accept-Encoding")
        if "If-Match" in request.headers.passed and not is_current(_field(request, "If-Match"), etag):
            raise stale()
        if is_known(_field(request, "If-None-Match"), etag):
            await request.reply(NOT_MODIFIED, own)
            return
        own.append((b"content-type", self.content_type))
        if packed:
            await request.reply(200, [*own, ENCODED], packed)
        else:
            await request.reply(200, own, await self._unpacked())

    async def _unpacked(self) -> bytes:
        if self.plain is not None:
            return self.plain
        return await asyncio.to_thread(gzip.decompress, self.packed or b"")


def _field(request: ProxiedRequest, name: str) -> str:
    """Return a list header of the request with its lines joined (RFC 9110 section 5.3)."""
    return ",".join(request.headers.passed.getall(name, ()))


def takes_gzip(accept_encoding: str) -> bool:
    """Return whether Accept-Encoding prefers gzip at least as much as plain; an empty header does not."""
    qualities: dict[str, float] = {}
    for part in accept_encoding.lower().split(","):
        coding, _, parameter = part.partition(";")
        name, _, quality = parameter.replace(" ", "").partition("=")
        qualities[coding.strip()] = _quality(quality) if name == "q" else 1.0
    # RFC 9110 section 8.4.1.3: x-gzip is gzip.
    packed = qualities.get("gzip", qualities.get("x-gzip", qualities.get("*", 0.0)))
    return packed > 0 and packed >= qualities.get("identity", 0.0)


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
