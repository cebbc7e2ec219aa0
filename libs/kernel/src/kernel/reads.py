"""Reading another person's data: recorded before it is answered.

Reading the caller's own data is not recorded. Each request that reads others' data is one fact, however many rows it shows;
searches and exports over people have a reason.
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

# A resource type of its own, so that many reads of a thing do not hide its changes.
READ: Final = "read"
# The log cuts what one entry is found under at some 300 ids.
OWNERS_MAX: Final = 250


class ReadsOf(StrEnum):
    """Whose data an operation shows. Each operation that reads declares it, as it declares its access.

    NOBODY: no person's, except ids in what staff recorded: who set a price, whose wallet a rule names. OWN: the caller's alone.
    OTHERS: also another person's, which is an audit fact. SEARCH: a list or trail over people, an audit fact with a reason.
    REFERENCE: what anybody with its reference may see, such as a payee's masked name by their address.
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
    """Return the id under which reads of a resource are recorded: not its own, which is for its changes."""
    return f"{READ}/{resource_id}"


class ReasonRequired(InvalidValue):
    """Give a reason: it is recorded with every search and export over other people."""

    def __init__(self) -> None:
        super().__init__(field="reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOfOthers:
    """What was read, whose data it is, and why.

    `action` is "<context>.<noun>.<verb>". `resource_id` is the resource, or the person whose resources are listed; None for a
    search. `owners` are the people whose data was shown. `filters` are those of a search: of personal values only that they were
    given. `shown` counts the rows of a list.
    """

    action: str
    resource_id: str | None = None
    owners: Iterable[UUID | str | None] = ()
    filters: Mapping[str, object] = field(default_factory=dict)
    shown: int | None = None
    reason: str | None = None

    def facts(self, *, at: datetime) -> Iterator[AuditFact]:
        """Make the audit fact; one with more than OWNERS_MAX owners is divided."""
        owners = list(dict.fromkeys(str(owner) for owner in self.owners if owner is not None))
        for start in range(0, max(len(owners), 1), OWNERS_MAX):
            yield replace(self, owners=owners[start : start + OWNERS_MAX]).fact(at=at)

    def fact(self, *, at: datetime) -> AuditFact:
        """Make the audit fact; an auditor finds it under the resource and under each owner."""
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
        """Record a read; raises when it cannot be recorded, and then nothing may be shown."""


def given(**filters: object) -> dict[str, object]:
    """Return the filters of a search that are set, as JSON values."""
    return {name: _plain(value) for name, value in filters.items() if value is not None}


def _plain(value: object) -> object:
    if isinstance(value, bool | int):
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)
