"""Reads of another person's data: recorded in the audit log before the response.

Reads of the caller's own data are not recorded. Each request that reads others' data is one audit fact, however many rows it
returns; searches and exports of people require a reason.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.errors import InvalidValue

# A separate resource type, so that many reads of a resource do not hide its changes.
READ: Final = "read"
# The audit log keeps about 300 ids per entry.
OWNERS_MAX: Final = 250


class ReadsOf(StrEnum):
    """The owners of the data that an operation returns. Each operation that reads declares it, like its access rule.

    NOBODY: no personal data, except ids in staff's records, such as who set a price or whose wallet a rule names. OWN: only the
    caller's. OTHERS: also another person's, which is recorded as an audit fact. SEARCH: a list or trail of people, an audit fact
    with a reason. REFERENCE: data that anyone with its reference may see, such as a payee's masked name for an address.
    """

    NOBODY = "nobody"
    OWN = "own"
    OTHERS = "others"
    SEARCH = "search"
    REFERENCE = "reference"


NOBODY: Final = ReadsOf.NOBODY
OWN: Final = ReadsOf.OWN
OTHERS: Final = ReadsOf.OTHERS
SEARCH: Final = ReadsOf.SEARCH
REFERENCE: Final = ReadsOf.REFERENCE


def read_of(resource_id: str) -> str:
    """Return the id under which reads of a resource are recorded; its own id is for its changes."""
    return f"{READ}/{resource_id}"


class ReasonRequired(InvalidValue):
    """A reason is required: it is recorded with every search or export of other people's data."""

    def __init__(self) -> None:
        super().__init__(field="reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOfOthers:
    """One read of other people's data: what was read, whose it is, and why.

    `action` is "<context>.<noun>.<verb>". `resource_id` is the resource, or the person whose resources are listed; None for a
    search. `owners` are the people whose data was returned. `filters` are a search's; for personal values they record only that
    one was given. `shown` counts the rows of a list.
    """

    action: str
    resource_id: str | None = None
    owners: Iterable[UUID | str | None] = ()
    filters: Mapping[str, object] = field(default_factory=dict)
    shown: int | None = None
    reason: str | None = None

    def facts(self, *, at: datetime) -> Iterator[AuditFact]:
        """Yield the audit facts: one for each OWNERS_MAX owners."""
        owners = list(dict.fromkeys(str(owner) for owner in self.owners if owner is not None))
        for start in range(0, max(len(owners), 1), OWNERS_MAX):
            yield replace(self, owners=owners[start : start + OWNERS_MAX]).fact(at=at)

    def fact(self, *, at: datetime) -> AuditFact:
        """Return the audit fact; auditors find it under the resource and each owner."""
        related = dict.fromkeys(str(each) for each in (self.resource_id, *self.owners) if each is not None)
        found = ({"filters": dict(self.filters)} if self.filters else {}) | ({} if self.shown is None else {"shown": self.shown})
        return AuditFact(
            action=self.action,
            resource_type=READ,
            resource_id=read_of(self.resource_id) if self.resource_id else READ,
            occurred_at=at,
            after=found or None,
            reason=self.reason,
            related_ids=tuple(related),
        )


class Reads(Protocol):
    async def record(self, actor: Actor, read: ReadOfOthers, /) -> None:
        """Record a read. If it raises, the data must not be returned."""


def given(**filters: object) -> dict[str, object]:
    """Return the filters that are set, as JSON values."""
    return {name: _plain(value) for name, value in filters.items() if value is not None}


def _plain(value: object) -> object:
    if isinstance(value, bool | int):
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)
