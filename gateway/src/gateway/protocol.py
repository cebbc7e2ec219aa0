"""HTTP/1.1 on the public side: uvicorn's fastest protocol, with limits on the head of a request.

The parser (llhttp, strict) refuses what a smuggler needs: Content-Length with Transfer-Encoding, several lengths, bare
line feeds, obsolete folding. What it does not know is when a head is too large, or a head or the rest of a body takes too long.
"""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gateway.headers import CONTENT_SECURITY_POLICY, NO_STORE, SECURITY
from gateway.refusals import Refusal, bad_request
from kernel.ids import new_id

HEAD_BYTES_MAX: Final = 32_768
HEADERS_MAX: Final = 100
# From the first byte, or the connection, to the end of the head.
HEAD_SECONDS_MAX: Final = 10.0
# What is left of a request's body once it has been answered: a client that is still sending reads the answer only then.
REST_SECONDS_MAX: Final = 10.0
_URL_BYTES_MAX: Final = 8192


class _HeadRefused(Exception):
    """The parser stops at it."""


class PublicProtocol(HttpToolsProtocol):
    """Answers a request that cannot be read in the platform's envelope."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._head_bytes = 0
        self._unread_bytes = 0
        self._refusal = bad_request()
        self._deadline: asyncio.TimerHandle | None = None
        self._body_ended = True
        self._rest_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the base does
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._have_head()
        self._have_rest()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unread_bytes += len(data)
        super().data_received(data)
        # A header reaches us only when it is whole; one that never ends would grow in the parser.
        if self._deadline and self._unread_bytes > HEAD_BYTES_MAX and not self.transport.is_closing():
            self._refusal = _headers_too_large()
            self.send_400_response("")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = self._unread_bytes = 0
        if self._deadline is None:
            self._await_head()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > _URL_BYTES_MAX:
            self._refuse_head(Refusal(414, "VAL_001", "The request's target is too long."))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > HEAD_BYTES_MAX or len(self.headers) >= HEADERS_MAX:
            self._refuse_head(_headers_too_large())
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._have_head()
        self._body_ended = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._body_ended = True
        self._have_rest()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        is_last = not self.pipeline
        super().on_response_complete()
        if is_last and not self._body_ended and not self.transport.is_closing():
            self._rest_deadline = self.loop.call_later(REST_SECONDS_MAX, self._hang_up)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # the base's words are not the platform's
        request_id = str(new_id())
        body = self._refusal.body(request_id)
        headers = (
            *self.server_state.default_headers,
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"x-request-id", request_id.encode("ascii")),
            NO_STORE,
            *SECURITY,
            CONTENT_SECURITY_POLICY,
            (b"connection", b"close"),
        )
        head = [STATUS_LINE[self._refusal.status], *(b"%s: %s\r\n" % header for header in headers), b"\r\n"]
        self.transport.write(b"".join([*head, body]))
        self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: the application answers those who ask for a WebSocket, and others need none."""

    def _refuse_head(self, refusal: Refusal) -> None:
        self._refusal = refusal
        raise _HeadRefused

    def _await_head(self) -> None:
        self._deadline = self.loop.call_later(HEAD_SECONDS_MAX, self._hang_up)

    def _have_head(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def _have_rest(self) -> None:
        if self._rest_deadline:
            self._rest_deadline.cancel()
            self._rest_deadline = None

    def _hang_up(self) -> None:
        # No request is under way that an answer would belong to.
        self._deadline = self._rest_deadline = None
        if not self.transport.is_closing():
            self.transport.close()


def _headers_too_large() -> Refusal:
    return Refusal(431, "VAL_001", "The request's headers are too large.")
