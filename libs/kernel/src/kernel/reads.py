"""Reading what belongs to another person: on record before it is answered.

Reading one's own leaves nothing. Of others' things a read is one fact for a request, however many rows it shows; searches and
exports over people say why.
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

# A type of its own: what is read is found by its own changes, however often it is read.
READ: Final = "read"
# The log cuts what one entry is found under at some 300 ids.
OWNERS_MAX: Final = 250


class ReadsOf(StrEnum):
    """Whose data an operation shows. Each that reads declares it, as it declares its access.

    NOBODY: no person's, but for the ids of staff who recorded a price, a rule or a role. OWN: the caller's alone.
    OTHERS: also another person's; that is an audit fact. SEARCH: a list over people; an audit fact that says why.
    REFERENCE: what everybody may see who was given its reference, such as a payee's masked name by their address.
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
    """Return the id under which reads of a resource are filed: not its own, which is for its changes."""
    return f"{READ}/{resource_id}"


class ReasonRequired(InvalidValue):
    """Give a reason: it is recorded with every search and export over other people."""

    def __init__(self) -> None:
        super().__init__(field="reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOfOthers:
    """What was read, whose it is, and why.

    `action` is "<context>.<noun>.<verb>". `resource_id` is the thing, or the person whose things are listed; a search has none.
    `owners` are the people whose it is, or whom a list shows.
    `filters` are those of a search: the values of what is personal are left out, or their names alone are given. `shown` counts
    the rows of a list.
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
        """Make the audit fact; an auditor finds it under the thing and under each owner."""
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
        """Put a read on record; raises what keeps it from being recorded, and then nothing may be answered."""


def given(**filters: object) -> dict[str, object]:
    """Return the filters that a search was given, as JSON has them."""
    return {name: _plain(value) for name, value in filters.items() if value is not None}


def _plain(value: object) -> object:
    if isinstance(value, bool | int):
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)
