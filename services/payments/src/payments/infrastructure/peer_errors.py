"""Errors of peers in calls about a user, a transfer or a key."""

from collections.abc import Iterator
from contextlib import contextmanager

from chassis.rpc import RemoteError
from kernel.errors import Unavailable


@contextmanager
def errors_as_unavailable(peer: str) -> Iterator[None]:
    """Treat any error of a peer as no answer (Unavailable).

    The error says nothing about the subject of the call: "not permitted" concerns this service and its certificate. Work that
    gets no answer is retried; a refusal would be final.
    """
    try:
        yield
    except RemoteError as error:
        if isinstance(error, Unavailable):
            raise
        raise Unavailable(dependency=peer, code=error.code) from error
