"""The gateway's own error responses, in the platform's envelope."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import orjson

RETRY_SECONDS: Final = 2


class Refusal(Exception):
    """An error response of the gateway; `code` is one of docs/api.md."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}

    def body(self, request_id: str) -> bytes:
        content = {
            "status": "error",
            "error": self.message,
            "code": self.code,
            "request_id": request_id,
            "timestamp": datetime.now(UTC),
        }
        return orjson.dumps(content, option=orjson.OPT_UTC_Z)


def bad_request(message: str = "The request could not be read.") -> Refusal:
    return Refusal(400, "VAL_001", message)


def not_found() -> Refusal:
    return Refusal(404, "RES_001", "Not found.")


def method_not_allowed(*allowed: str) -> Refusal:
    return Refusal(405, "RES_005", "This method is not allowed here.", {"allow": ", ".join(allowed)})


def stale() -> Refusal:
    return Refusal(412, "RES_003", "The resource has changed since it was read; read it again and retry.")


def too_late() -> Refusal:
    return Refusal(408, "VAL_001", "The request body did not arrive in time.", {"connection": "close"})


def too_large() -> Refusal:
    return Refusal(413, "VAL_003", "The request body is too large.")


def unauthenticated(code: str, message: str) -> Refusal:
    return Refusal(401, code, message, {"www-authenticate": "Bearer"})


def origin_denied() -> Refusal:
    return Refusal(403, "ACC_001", "Access denied.")


def too_many(retry_after_seconds: int) -> Refusal:
    return Refusal(429, "RATE_001", "Too many requests.", {"retry-after": str(retry_after_seconds)})


def too_many_at_once(what: str) -> Refusal:
    return Refusal(429, "RATE_001", f"Too many {what} at the same time.", {"retry-after": str(RETRY_SECONDS)})


def unavailable(message: str = "A dependency is unavailable; retry later.") -> Refusal:
    return Refusal(503, "SRV_002", message, {"retry-after": str(RETRY_SECONDS)})


def internal(error_id: str) -> Refusal:
    return Refusal(500, "SRV_001", "Something went wrong on our side; quote the request id.", {"x-error-id": error_id})
