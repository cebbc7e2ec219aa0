"""The context of one request, from its first byte to its log line."""

import re
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from starlette.types import Scope

from chassis.trusted_proxies import TrustedProxies
from kernel.actor import Actor
from kernel.ids import new_id

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_USER_AGENT_LENGTH_MAX = 256
# The key of the context in the ASGI scope.
_SCOPE_KEY: Final = "elcorp.request"


@dataclass(slots=True)
class RequestContext:
    """`actor` is anonymous until the route has authenticated; `links` (relation to query) become the Link header.

    A link's parameter that is None is left out. `list_digest` identifies the list whose cursors the response has.
    """

    request_id: str
    ip: str
    user_agent: str
    traceparent: str | None
    authorization: str | None
    actor: Actor | None = None
    error_code: str | None = None
    replayed: bool = False
    is_stream: bool = False
    links: dict[str, dict[str, str | None]] = field(default_factory=dict)
    list_digest: str | None = None

    @classmethod
    def of(cls, scope: Scope) -> "RequestContext":
        context: RequestContext = scope[_SCOPE_KEY]
        return context

    @classmethod
    def begin(cls, scope: Scope, proxies: TrustedProxies) -> "RequestContext":
        """Read the headers once and attach the context to the scope."""
        given: dict[bytes, bytes] = {}
        forwarded: list[bytes] = []
        for name, value in scope["headers"]:
            if name == b"x-forwarded-for":
                forwarded.append(value)
            elif name in _READ:
                given[name] = value
        request_id = given.get(b"x-request-id", b"")
        authorization = given.get(b"authorization")
        traceparent = given.get(b"traceparent")
        context = cls(
            request_id=request_id.decode("ascii") if _REQUEST_ID.fullmatch(request_id) else str(new_id()),
            ip=proxies.client_address(scope["client"][0] if scope.get("client") else "", forwarded),
            user_agent=given.get(b"user-agent", b"").decode("latin-1")[:_USER_AGENT_LENGTH_MAX],
            traceparent=traceparent.decode("latin-1") if traceparent else None,
            authorization=authorization.decode("latin-1") if authorization else None,
        )
        scope[_SCOPE_KEY] = context
        return context


_READ: Final = frozenset({b"x-request-id", b"user-agent", b"traceparent", b"authorization"})

current_request: ContextVar[RequestContext | None] = ContextVar("current_request", default=None)
