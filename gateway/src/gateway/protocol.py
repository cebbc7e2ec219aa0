"""HTTP/1.1 for clients: uvicorn's fastest protocol, with limits on the head of a request.

The parser (llhttp, strict) refuses what request smuggling needs: Content-Length with Transfer-Encoding, several lengths, bare
line feeds, obsolete folding. It has no limits on the size of a head, or on the time of a head or the rest of a body. It also
accepts transfer codings that we cannot decode, and a target's fragment.
"""

import asyncio
import re
from typing import Any, Final

from chassis.run.http_protocol import UNREADABLE, EarlyAnswer, EnvelopeProtocol

HEAD_BYTES_MAX: Final = 32_768
HEADERS_MAX: Final = 100
# From the connection or the first byte to the end of the head.
HEAD_SECONDS_MAX: Final = 10.0
# For the rest of the body after the response: some clients read the response only after they have sent the body.
REST_SECONDS_MAX: Final = 10.0
_URL_BYTES_MAX: Final = 8192
# RFC 3986: uri-host, which may not be empty in http (RFC 9110 section 4.2.1), and a port.
_HOST: Final = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::[0-9]{0,5})?")
HEADERS_TOO_LARGE: Final = EarlyAnswer(431, "VAL_001", "The request's headers are too large.")
TARGET_TOO_LONG: Final = EarlyAnswer(414, "VAL_001", "The request's target is too long.")


class PublicProtocol(EnvelopeProtocol):
    """Limits the size and time of a head and the time of the rest of a body; requires one Host and unambiguous framing."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._head_bytes = 0
        self._unread_bytes = 0
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
        # The parser reports complete headers only; a header that never ends would grow in its memory.
        if self._deadline and self._unread_bytes > HEAD_BYTES_MAX and not self.transport.is_closing():
            self._early_answer = HEADERS_TOO_LARGE
            self.send_400_response("")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = self._unread_bytes = 0
        if self._deadline is None:
            self._await_head()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > _URL_BYTES_MAX:
            self.refuse_head(TARGET_TOO_LONG)
        if b"#" in url:
            # RFC 9112 section 3.2: a target has no fragment. A proxy in front of us might use it, and we would not.
            self.refuse_head(UNREADABLE)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > HEAD_BYTES_MAX or len(self.headers) >= HEADERS_MAX:
            self.refuse_head(HEADERS_TOO_LARGE)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._have_head()
        if not self._has_one_host() or not self._has_plain_framing():
            self.refuse_head(UNREADABLE)
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

    def _has_one_host(self) -> bool:
        # RFC 9112 section 3.2. We do not use Host, but a proxy in front of us might, and choose another of several.
        hosts = [value for name, value in self.headers if name == b"host"]
        if not hosts:
            return self.parser.get_http_version() == "1.0"
        return len(hosts) == 1 and _HOST.fullmatch(hosts[0]) is not None

    def _has_plain_framing(self) -> bool:
        # RFC 9112 section 6.1: refuse an unknown coding. The parser decodes only chunked.
        codings = [value.lower() for name, value in self.headers if name == b"transfer-encoding"]
        return codings in ([], [b"chunked"])

    def send_400_response(self, msg: str) -> None:
        # The head is not read further, and an earlier request's response may take longer than a head.
        self._have_head()
        super().send_400_response(msg)

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
        # There is no complete request to respond to.
        self._deadline = self._rest_deadline = None
        if not self.transport.is_closing():
            self.transport.close()
