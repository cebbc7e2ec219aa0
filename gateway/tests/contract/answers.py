"""The headers and errors of the gateway's responses, written out: imported lists would follow any change to the product."""

from typing import Any, Final
from uuid import UUID

from multidict import CIMultiDictProxy

SECURITY: Final = {
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
# The gateway's own errors.
REFUSED: Final = {"content-type": "application/json", "cache-control": "no-store"}
MESSAGES: Final = {
    "AUTH_002": "The token has expired.",
    "AUTH_003": "The token is not valid.",
    "AUTH_004": "An access token is required.",
    "ACC_001": "Access denied.",
    "RES_001": "Not found.",
    "RES_005": "This method is not allowed here.",
    "RATE_001": "Too many requests.",
    "SRV_001": "Something went wrong on our side; quote the request id.",
    "SRV_002": "A dependency is unavailable; retry later.",
    "VAL_001": "The request could not be read.",
    "VAL_003": "The request body is too large.",
}


def own_headers(headers: CIMultiDictProxy[str], body: bytes | None, *, security: dict[str, str] | None = None) -> dict[str, str]:
    """Return the headers that not every response has; check those that every response must have.

    No header may be repeated. `body` is what arrived, whose length must be the declared one; None if no body may arrive (HEAD).
    """
    pairs = [(name.lower(), value) for name, value in headers.items()]
    own = dict(pairs)
    assert sorted(pairs) == sorted(own.items()), "a header is repeated"
    assert {name: own.pop(name, None) for name in SECURITY} == (security or SECURITY)
    assert own.pop("x-request-id")
    assert own.pop("date").endswith(" GMT")
    if body is None:
        own.pop("content-length", None)
    elif "content-length" in own:
        assert int(own.pop("content-length")) == len(body)
    return own


def without_limits(own: dict[str, str], limit: int) -> dict[str, str]:
    """Return the headers without those of the rate limit, which must be present."""
    own = dict(own)
    assert own.pop("ratelimit-limit") == str(limit)
    assert 0 <= int(own.pop("ratelimit-remaining")) < limit
    assert 0 < int(own.pop("ratelimit-reset")) <= 61
    return own


def is_error(body: Any, code: str, message: str | None = None) -> bool:
    """Compare an error's whole envelope; `message` is given if it differs from the code's usual one."""
    assert UUID(body["request_id"])
    assert body["timestamp"].endswith("Z")
    assert body == {
        "status": "error",
        "error": message or MESSAGES[code],
        "code": code,
        "request_id": body["request_id"],
        "timestamp": body["timestamp"],
    }
    return True
