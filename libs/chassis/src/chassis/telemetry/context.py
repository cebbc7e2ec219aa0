"""What each log line of one request carries."""

from collections.abc import Iterator
from contextlib import contextmanager

from structlog.contextvars import bound_contextvars, get_contextvars

REQUEST_ID_LENGTH_MAX = 128


@contextmanager
def bind_request(request_id: str, **fields: object) -> Iterator[None]:
    """Put the request id, and other fields, on every line logged within the block."""
    with bound_contextvars(request_id=request_id[:REQUEST_ID_LENGTH_MAX], **fields):
        yield


def request_id() -> str:
    """Return the id of the request being served, "" outside one."""
    return str(get_contextvars().get("request_id", ""))


def acting_subject() -> str:
    """Return the subject on whose behalf the request is served, "" where none is known."""
    return str(get_contextvars().get("actor", ""))
