"""The one error model: an error knows its kind and its facts, never a transport's status."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    """What went wrong, in the caller's terms; `chassis.errors` maps each to HTTP and gRPC."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    DENIED = "denied"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    STALE = "stale"
    REFUSED = "refused"
    EXHAUSTED = "exhausted"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


class DomainError(Exception):
    """Base of every error that a caller may see.

    The class docstring's first line is the message, `code` the published code (docs/api.md), `facts` what happened.
    `field` names the request field at fault, where one is.
    """

    kind: ClassVar[Kind] = Kind.INTERNAL
    code: ClassVar[str] = "SRV_001"

    def __init__(self, *, field: str | None = None, **facts: object) -> None:
        self.field = field
        self.facts = facts
        super().__init__(self.message)

    @property
    def message(self) -> str:
        return (type(self).__doc__ or type(self).__name__).strip().splitlines()[0]

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={value}" for name, value in self.facts.items())
        return f"{self.message} ({facts})" if facts else self.message


class NotFound(DomainError):
    """Not found."""

    kind = Kind.NOT_FOUND
    code = "RES_001"


class AlreadyExists(DomainError):
    """Already exists."""

    kind = Kind.CONFLICT
    code = "RES_002"


class AccessDenied(DomainError):
    """Access denied."""

    kind = Kind.DENIED
    code = "ACC_001"


class StaleVersion(DomainError):
    """The resource has changed since it was read; read it again and retry."""

    kind = Kind.STALE
    code = "RES_003"


class InvalidValue(DomainError):
    """The value is not acceptable."""

    kind = Kind.INVALID
    code = "VAL_001"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field of many."""

    field: str
    message: str


class InvalidValues(DomainError):
    """Some of the values are not acceptable."""

    kind = Kind.INVALID
    code = "VAL_001"

    def __init__(self, faults: Sequence[Fault], **facts: object) -> None:
        self.faults = tuple(faults)
        super().__init__(field=self.faults[0].field, **facts)


class KeyReused(DomainError):
    """The Idempotency-Key was used before for another request."""

    kind = Kind.INVALID
    code = "VAL_002"

    def __init__(self, **facts: object) -> None:
        super().__init__(field="Idempotency-Key", **facts)


class Unavailable(DomainError):
    """A dependency is unavailable; retry later."""

    kind = Kind.UNAVAILABLE
    code = "SRV_002"

    def __init__(self, *, retry_after_seconds: int = 2, field: str | None = None, **facts: object) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(field=field, **facts)
