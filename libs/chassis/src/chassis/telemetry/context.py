"""The fields of every log line of one request."""

from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any, Final

REQUEST_ID_LENGTH_MAX = 128

# One variable for all fields: structlog has one per field, and walks the whole context for each line.
_bound: ContextVar[Mapping[str, object]] = ContextVar("log_fields")
_NOTHING: Final[Mapping[str, object]] = {}


def bound_fields() -> Mapping[str, object]:
    """Return the fields of every line logged now."""
    return _bound.get(_NOTHING)


def bind(**fields: object) -> Token[Mapping[str, object]]:
    """Add fields to every later line; pass the token to `unbind`, or let the task end."""
    return _bound.set({**_bound.get(_NOTHING), **fields})


def unbind(token: Token[Mapping[str, object]]) -> None:
    """Remove the fields that were bound with the token, and later ones."""
    _bound.reset(token)


@contextmanager
def bind_request(request_id: str, **fields: object) -> Iterator[None]:
    """Add the request id and other fields to every line logged within the block."""
    token = bind(request_id=request_id[:REQUEST_ID_LENGTH_MAX], **fields)
    try:
        yield
    finally:
        unbind(token)


def request_id() -> str:
    """Return the id of the current request, "" outside a request."""
    return str(bound_fields().get("request_id", ""))


def acting_subject() -> str:
    """Return the subject of the current request's actor, "" if there is none."""
    return str(bound_fields().get("actor", ""))


def merge_bound(_logger: object, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add the bound fields that a line does not set itself; a structlog processor."""
    for key, value in bound_fields().items():
        fields.setdefault(key, value)
    return fields
