"""The headers that are forwarded, in both directions."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from multidict import CIMultiDict

from chassis.http import SECURITY

RawHeaders = Iterable[tuple[bytes, bytes]]

# For one connection only (RFC 9110 section 7.6.1), and the obsolete Proxy-Connection.
HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"http2-settings",
    }
)
# The gateway sets these itself: the body's framing, the client's address, and the request id.
_OURS: Final = frozenset(
    {b"host", b"content-length", b"expect", b"x-request-id", b"traceparent", b"x-real-ip", b"forwarded", b"x-client-ip"}
)
_DROPPED: Final = HOP_BY_HOP | _OURS
_DROPPED_PREFIXES: Final = (b"x-forwarded-", b"x-elcorp-")
# A Connection header must not remove headers that the request's meaning depends on.
_KEPT: Final = frozenset({b"authorization", b"idempotency-key", b"if-match", b"content-type", b"accept", b"dpop"})

_NOT_FROM_UPSTREAM: Final = HOP_BY_HOP | {
    b"server",
    b"date",
    b"x-request-id",
    b"content-security-policy",
    *(name for name, _ in SECURITY),
}
_NOT_FROM_UPSTREAM_PREFIXES: Final = (b"access-control-", b"x-elcorp-")
# Stricter than the gateway's own policy, to which it is added: a stored file that a browser opens has no origin.
_SANDBOX: Final = (b"content-security-policy", b"sandbox")
BODILESS: Final = frozenset({204, 304})


# Stored as single values under these names; of repeated headers, the last.
_NOTED: Final = {
    b"x-forwarded-proto": "forwarded_proto",
    b"x-request-id": "request_id",
    b"traceparent": "traceparent",
    b"origin": "origin",
    b"access-control-request-method": "preflight_method",
    b"upgrade": "upgrade",
    b"content-length": "content_length",
}


@dataclass(slots=True)
class Inbound:
    """A request's headers, read once: those that the gateway uses, and those that it forwards."""

    passed: CIMultiDict[str] = field(default_factory=CIMultiDict)
    authorization: list[bytes] = field(default_factory=list)
    forwarded_for: list[bytes] = field(default_factory=list)
    forwarded_proto: bytes = b""
    request_id: bytes = b""
    traceparent: bytes = b""
    origin: bytes = b""
    preflight_method: bytes = b""
    upgrade: bytes = b""
    content_length: bytes = b""
    chunked: bool = False

    @classmethod
    def read(cls, headers: RawHeaders) -> "Inbound":
        inbound = cls()
        passed = inbound.passed
        nominated: set[bytes] = set()
        for name, value in headers:
            if name in _NOTED:
                setattr(inbound, _NOTED[name], value)
            elif name == b"authorization":
                inbound.authorization.append(value)
            elif name == b"x-forwarded-for":
                inbound.forwarded_for.append(value)
            elif name == b"transfer-encoding":
                inbound.chunked = True
            elif name == b"connection":
                nominated.update(token.strip().lower() for token in value.split(b","))
            if name not in _DROPPED and not name.startswith(_DROPPED_PREFIXES):
                # Beyond ASCII, clients send UTF-8. Other bytes are replaced.
                passed.add(name.decode("ascii"), value.decode("utf-8", "replace"))
        for name in nominated - _KEPT:
            passed.popall(name.decode("latin-1"), None)
        return inbound


REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{8,64}")


def from_upstream(status: int, headers: RawHeaders) -> list[tuple[bytes, bytes]]:
    """Return the headers of an upstream's response that the client gets."""
    kept: list[tuple[bytes, bytes]] = []
    for given, value in headers:
        name = given.lower()
        if (name, value) == _SANDBOX:
            kept.append(_SANDBOX)
            continue
        if name in _NOT_FROM_UPSTREAM or name.startswith(_NOT_FROM_UPSTREAM_PREFIXES):
            continue
        if name == b"content-length" and status in BODILESS:
            continue
        kept.append((name, value))
    return kept
