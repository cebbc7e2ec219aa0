"""Stored files as responses: an attachment that no browser displays or runs, with ranges."""

from typing import Final
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from chassis.entity_tags import is_current, is_known
from chassis.rest.byte_ranges import ByteRange, NotSatisfiable, range_of
from kernel.objects import ReadableFile

_PARTIAL: Final = 206
_NOT_SATISFIABLE: Final = 416
# RFC 8187: characters of an extended value that need no encoding.
_SAFE: Final = "!#$&+-.^_`|~"
# Characters of a quoted file name that every client reads alike.
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ._-()")


async def file_response(request: Request, readable: ReadableFile, *, name: str) -> Response:
    """Return a file, or the range that the request asks for; its entity tag is its digest. The route declares `stream_seconds`.

    Raises before the response begins if the file cannot be read.
    """
    file = readable.file
    etag = f'"{file.digest}"'
    headers = {
        "etag": etag,
        "accept-ranges": "bytes",
        "cache-control": "private, no-store",
        "content-disposition": attachment(name),
        # Beside the policy of every response, which allows nothing: a file that a browser opens after all has no origin.
        "content-security-policy": "sandbox",
    }
    try:
        part = _range_of(request, etag, file.size)
    except NotSatisfiable:
        return Response(status_code=_NOT_SATISFIABLE, headers={**headers, "content-range": f"bytes */{file.size}"})
    if part is None:
        return await _response(readable, ByteRange(0, file.size), headers)
    headers["content-range"] = f"bytes {part.start}-{part.end - 1}/{file.size}"
    return await _response(readable, part, headers, status=_PARTIAL)


def attachment(name: str) -> str:
    """Return a Content-Disposition (RFC 6266) with a plain name for old clients and, if it differs, the exact one (RFC 8187)."""
    plain = "".join(character if character in _PLAIN else "_" for character in name).strip(" .") or "file"
    exact = f"; filename*=UTF-8''{quote(name, safe=_SAFE)}" if name != plain else ""
    return f'attachment; filename="{plain}"{exact}'


def _range_of(request: Request, etag: str, size: int) -> ByteRange | None:
    """Return the range that applies, after the other conditions (RFC 9110 section 13.2.2), which `unless_known` answers."""
    fields = request.headers
    if "if-match" in fields and not is_current(",".join(fields.getlist("if-match")), etag):
        return None
    if "if-none-match" in fields and is_known(",".join(fields.getlist("if-none-match")), etag):
        return None
    # A date never matches: files have no Last-Modified.
    if "if-range" in fields and fields["if-range"].strip() != etag:
        return None
    ranges = fields.getlist("range")
    return range_of(ranges[0], size) if len(ranges) == 1 else None


async def _response(readable: ReadableFile, part: ByteRange, headers: dict[str, str], *, status: int = 200) -> StreamingResponse:
    content = await readable.open(start=part.start, end=part.end)
    headers = {**headers, "content-length": str(part.end - part.start)}
    return StreamingResponse(content, status, headers, media_type=readable.file.media_type)
