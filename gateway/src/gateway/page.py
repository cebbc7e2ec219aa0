"""Pages: read at the first request, compressed once, then served from memory."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from chassis.http import CONTENT_SECURITY_POLICY
from gateway.proxied_request import ProxiedRequest, RawHeader
from gateway.representations import Representation


class Page(Protocol):
    """Answers GET and HEAD; raises Refusal."""

    async def __call__(self, request: ProxiedRequest) -> None: ...


@dataclass
class StaticPage:
    """A page that changes only with a release of the gateway. `kept` says how long clients may cache it."""

    content_type: bytes
    read: Callable[[], bytes]
    kept: RawHeader
    policy: RawHeader = CONTENT_SECURITY_POLICY
    _made: Representation | None = field(default=None, init=False)

    async def __call__(self, request: ProxiedRequest) -> None:
        if self._made is None:
            self._made = await asyncio.to_thread(lambda: Representation.of(self.content_type, self.read()))
        request.added[request.added.index(CONTENT_SECURITY_POLICY)] = self.policy
        await self._made.serve(request, self.kept)


@dataclass
class FreshPage:
    """A page that is read at each request, and compressed again after a change."""

    content_type: bytes
    read: Callable[[], Awaitable[bytes]]
    kept: RawHeader
    _body: bytes = field(default=b"", init=False)
    _made: Representation | None = field(default=None, init=False)

    async def __call__(self, request: ProxiedRequest) -> None:
        body = await self.read()
        made = self._made
        if made is None or body != self._body:
            made = await asyncio.to_thread(Representation.of, self.content_type, body)
            self._body, self._made = body, made
        await made.serve(request, self.kept)
