"""HTTP/1.1 by uvicorn's fastest protocol; errors before the application use the envelope too."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from chassis.http import CONTENT_SECURITY_POLICY, NO_STORE, SECURITY
from kernel.ids import new_id


@dataclass(frozen=True, slots=True)
class EarlyAnswer:
    """A response to a request that never reaches the application; it closes the connection."""

    status: int
    code: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


UNREADABLE: Final = EarlyAnswer(400, "VAL_001", "The request could not be read.")
TOO_MANY_CONNECTIONS: Final = EarlyAnswer(
    503, "SRV_002", "Too many requests at the same time; retry later.", {"retry-after": "2"}
)


class DrainableState(ServerState):
    """The state that all connections of one server share."""

    draining = False


class HeadRefused(Exception):
    """Stops the parser after a refused head."""


class EnvelopeProtocol(HttpToolsProtocol):
    """Answers a request that cannot be parsed (400), or that exceeds the connection limit (503), in the error envelope."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._early_answer = UNREADABLE
        self._reads_on = True
        # uvicorn's own response beyond the limit is a line of plain text.
        self._connections_max, self.limit_concurrency = self.limit_concurrency, None

    def data_received(self, data: bytes) -> None:
        if self._reads_on:
            super().data_received(data)

    def on_headers_complete(self) -> None:
        limit = self._connections_max
        if limit is not None and (len(self.connections) >= limit or len(self.tasks) >= limit):
            self.refuse_head(TOO_MANY_CONNECTIONS)
        super().on_headers_complete()
        if self.cycle is not None and isinstance(self.server_state, DrainableState) and self.server_state.draining:
            self.cycle.keep_alive = False

    def refuse_head(self, answer: EarlyAnswer) -> NoReturn:
        """Answer the request that is being read, and stop reading. Call this from the parser's callbacks."""
        self._early_answer = answer
        raise HeadRefused

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # the base's message is not used
        if self.cycle is not None and not self.cycle.response_complete:
            if not self.cycle.more_body and not self.cycle.response_started:
                # The previous request is complete, and would get this response. Close the connection after its own response.
                self.cycle.keep_alive = self._reads_on = False
                return
            if self.cycle.response_started or self.pipeline:
                # An earlier request's response has not begun or not ended; this response would be taken for a part of it.
                self.transport.close()
                return
        answer, request_id = self._early_answer, str(new_id())
        content = {"status": "error", "error": answer.message, "code": answer.code, "request_id": request_id}
        body = orjson.dumps({**content, "timestamp": datetime.now(UTC)}, option=orjson.OPT_UTC_Z)
        headers = (
            *self.server_state.default_headers,
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"x-request-id", request_id.encode("ascii")),
            *((name.encode("ascii"), value.encode("ascii")) for name, value in answer.headers.items()),
            NO_STORE,
            *SECURITY,
            CONTENT_SECURITY_POLICY,
            (b"connection", b"close"),
        )
        head = [STATUS_LINE[answer.status], *(b"%s: %s\r\n" % header for header in headers), b"\r\n"]
        self.transport.write(b"".join([*head, body]))
        self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """Log nothing: the application answers WebSocket requests."""
