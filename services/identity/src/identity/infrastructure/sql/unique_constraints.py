"""Violations of unique constraints."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError

from kernel.errors import DomainError


@contextmanager
def refuse_duplicates(error: type[DomainError], *constraints: str) -> Iterator[None]:
    """Raise `error`, without facts, if one of these constraints is violated."""
    try:
        yield
    except IntegrityError as refused:
        if getattr(getattr(refused.orig, "diag", None), "constraint_name", None) in constraints:
            raise error from None
        raise
