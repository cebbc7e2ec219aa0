"""What a peer's error means for a question about somebody else."""

from collections.abc import Iterator
from contextlib import contextmanager

from chassis.rpc import RemoteError
from kernel.errors import Unavailable


@contextmanager
def answering(peer: str) -> Iterator[None]:
    """Take any error of a peer as no answer (Unavailable).

    It says nothing about whom or what was asked about: "not permitted" is about this service and its certificate. Work that
    waits for an answer is tried again, where a refusal would be final.
    """
    try:
        yield
    except RemoteError as error:
        if isinstance(error, Unavailable):
            raise
        raise Unavailable(dependency=peer, code=error.code) from error
