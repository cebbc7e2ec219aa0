"""The error model: an error has a kind and facts, and no status of HTTP or gRPC."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import ClassVar

from kernel.texts import shown


class Kind(StrEnum):
    """The meaning of an error to the caller; `chassis.errors` maps each kind to HTTP and gRPC."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    DENIED = "denied"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    STALE = "stale"
    UNCONDITIONAL = "unconditional"
    REFUSED = "refused"
    EXHAUSTED = "exhausted"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


class DomainError(Exception):
    """Base of every error that a caller may see.

    The class docstring's first line is the message, `code` the published code (docs/api.md), `facts` what happened. `field`
    names the request field at fault, if there is one. `disclosed` names the facts that the caller gets as `details`. By default
    there are none, because a fact may concern another person.
    """

    kind: ClassVar[Kind] = Kind.INTERNAL
    code: ClassVar[str] = "SRV_001"
    disclosed: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *, field: str | None = None, **facts: object) -> None:
        self.field = field
        self.facts = facts
        super().__init__(self.message)

    @property
    def message(self) -> str:
        return (type(self).__doc__ or type(self).__name__).strip().splitlines()[0]

    @property
    def details(self) -> dict[str, object]:
        """The facts for the caller, as JSON values; amounts, ids and times are strings."""
        return {name: _plain(self.facts[name]) for name in self.disclosed if self.facts.get(name) is not None}

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


class DeniedByPolicies(AccessDenied):
    """Access denied."""

    # For callers who manage policies. Without any, no role of the caller permits it.
    disclosed = ("policies",)


class NotAMember(DomainError):
    """You are not a member of this organization, or not any more. Refresh the session, or choose another organization."""

    kind = Kind.DENIED
    code = "ACC_004"


class StaleVersion(DomainError):
    """The resource has changed since it was read; read it again and retry."""

    kind = Kind.STALE
    code = "RES_003"
    disclosed = ("version",)


class VersionRequired(DomainError):
    """Send If-Match with the ETag that you read, so that your change does not overwrite another's."""

    kind = Kind.UNCONDITIONAL
    code = "RES_006"

    def __init__(self, **facts: object) -> None:
        super().__init__(field="If-Match", **facts)


class InvalidValue(DomainError):
    """The value is not valid.

    `expected` describes valid values, `given` is the rejected one; the message contains both. Never pass a secret as `given`.
    """

    kind = Kind.INVALID
    code = "VAL_001"
    disclosed: ClassVar[tuple[str, ...]] = ("expected",)

    @property
    def message(self) -> str:
        if "expected" not in self.facts:
            return super().message
        given = self.facts.get("given")
        return f"Expected {self.facts['expected']}" + (f", not {shown(_plain(given))}." if given is not None else ".")


@dataclass(frozen=True, slots=True)
class Fault:
    """The fault in one field of many."""

    field: str
    message: str


class InvalidValues(DomainError):
    """Some of the values are not valid."""

    kind = Kind.INVALID
    code = "VAL_001"

    def __init__(self, faults: Sequence[Fault], **facts: object) -> None:
        self.faults = tuple(faults)
        super().__init__(field=self.faults[0].field, **facts)


class KeyReused(DomainError):
    """The Idempotency-Key was used before for another request. Send a new key."""

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


@contextmanager
def at_place(place: str) -> Iterator[None]:
    """Prefix the field of an invalid value with its place, such as "legs.2"."""
    try:
        yield
    except DomainError as error:
        if error.kind is Kind.INVALID:
            error.field = f"{place}.{error.field}" if error.field else place
        raise


def _plain(value: object) -> object:
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in (value if isinstance(value, list | tuple) else sorted(value, key=str))]
    return str(value)
