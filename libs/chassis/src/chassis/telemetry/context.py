"""What each log line of one request carries."""

from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any, Final

REQUEST_ID_LENGTH_MAX = 128

# One variable for all fields: structlog's own (one a field) are found by walking the whole context, once a line.
_bound: ContextVar[Mapping[str, object]] = ContextVar("log_fields")
_NOTHING: Final[Mapping[str, object]] = {}


def bound_fields() -> Mapping[str, object]:
    """Return what every line logged now carries."""
    return _bound.get(_NOTHING)


def bind(**fields: object) -> Token[Mapping[str, object]]:
    """Put fields on every line logged from now on; give the token to `unbind`, or let the task end."""
    return _bound.set({**_bound.get(_NOTHING), **fields})


def unbind(token: Token[Mapping[str, object]]) -> None:
    """Take off what was bound with the token, and since."""
    _bound.reset(token)


@contextmanager
def bind_request(request_id: str, **fields: object) -> Iterator[None]:
    """Put the request id, and other fields, on every line logged within the block."""
    token = bind(request_id=request_id[:REQUEST_ID_LENGTH_MAX], **fields)
    try:
        yield
    finally:
        unbind(token)


def request_id() -> str:
    """Return the id of the request being served, "" outside one."""
    return str(bound_fields().get("request_id", ""))


def acting_subject() -> str:
    """Return the subject on whose behalf the request is served, "" where none is known."""
    return str(bound_fields().get("actor", ""))


def merge_bound(_logger: object, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add the bound fields to a line that does not say otherwise; a structlog processor."""
    for key, value in bound_fields().items():
        fields.setdefault(key, value)
    return fields
