"""Operations whose body is a file: received in constant memory, checked as it arrives, and complete before they run."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import unquote_to_bytes

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from chassis.objects.media_types import KNOWN
from chassis.objects.received_upload import ReceivedUpload, received
from kernel.errors import InvalidValue
from kernel.objects import ObjectsUnavailable
from kernel.texts import read_line

# Longer than the gateway waits for a part of a body, so that clients get the gateway's response. A file that keeps arriving has
# no deadline here: the gateway limits the time of a whole body.
STALLED_SECONDS: Final = 20.0
NAME_LENGTH_MAX: Final = 255
# Per process. Their sum must fit into the folder of temporary files (k8s/base/kustomization.yaml).
OPEN_MAX: Final = 48
_SCOPE_KEY: Final = "elcorp.upload"
# RFC 6266 and RFC 8187: the extended form wins.
_EXTENDED: Final = re.compile(r"(?:^|[;\s])filename\*\s*=\s*utf-8'[^']*'([^;\s]+)", re.IGNORECASE)
_QUOTED: Final = re.compile(r'(?:^|[;\s])filename\s*=\s*"((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_TOKEN: Final = re.compile(r"(?:^|[;\s])filename\s*=\s*([^\s;\"]+)", re.IGNORECASE)
_FOLDERS: Final = re.compile(r".*[/\\]", re.DOTALL)


_open = 0


@dataclass(frozen=True, slots=True)
class Takes:
    """The media types and the size that an operation takes. Content that is not of its declared type is refused."""

    media_types: Sequence[str]
    bytes_max: int

    def __post_init__(self) -> None:
        if unknown := set(self.media_types) - KNOWN.keys():
            raise ValueError(f"{unknown}: enter what they begin with in chassis.objects.media_types")


@asynccontextmanager
async def receive(request: Request, takes: Takes) -> AsyncIterator[ReceivedUpload]:
    """Receive the body, and give it to the endpoint; it is deleted at the block's end.

    Raise InvalidValue for another media type before the body is read, ContentMismatch, FileTooLarge, or HTTPException (408, 413).
    Raise ObjectsUnavailable when too many files are being received, or there is no room for this one.
    """
    global _open  # noqa: PLW0603  # one counter per process
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in takes.media_types:
        raise InvalidValue(field="Content-Type", expected=" or ".join(sorted(takes.media_types)), given=media_type)
    name = name_of(request.headers.get("content-disposition", ""))
    if _open >= OPEN_MAX:
        raise ObjectsUnavailable(open=_open)
    _open += 1
    try:
        async with received(_arriving(request), media_type=media_type, bytes_max=takes.bytes_max, name=name) as upload:
            request.scope[_SCOPE_KEY] = upload
            yield upload
    finally:
        _open -= 1


async def _arriving(request: Request) -> AsyncIterator[bytes]:
    chunks = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(STALLED_SECONDS):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise HTTPException(408) from None
        yield chunk


def name_of(disposition: str) -> str | None:
    """Return the file name in a Content-Disposition field, without folders; None if there is none that can be used."""
    if found := _EXTENDED.search(disposition):
        name = unquote_to_bytes(found[1]).decode("utf-8", "replace")
    elif found := _QUOTED.search(disposition):
        name = _as_sent(re.sub(r"\\(.)", r"\1", found[1]))
    elif found := _TOKEN.search(disposition):
        name = found[1]
    else:
        return None
    try:
        line = read_line(_FOLDERS.sub("", name))
    except ValueError:
        return None
    return line if line.strip(". ") and len(line) <= NAME_LENGTH_MAX else None


def _as_sent(name: str) -> str:
    """Return a name whose bytes were read as Latin-1, as headers are. Most programs send UTF-8."""
    try:
        return name.encode("latin-1").decode()
    except UnicodeError:
        return name


async def _uploaded(request: Request) -> ReceivedUpload:
    upload: ReceivedUpload = request.scope[_SCOPE_KEY]
    return upload


# The file that the request's body is; the route declares `takes`.
UploadedFile = Annotated[ReceivedUpload, Depends(_uploaded)]
