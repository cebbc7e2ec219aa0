"""Reading what belongs to another person: on record before it is answered.

Reading one's own leaves nothing. Of others' things a read is one fact for a request, however many rows it shows; searches and
exports over people say why.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.errors import InvalidValue

# A type of its own: what is read is found by its own changes, however often it is read.
READ: Final = "read"


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
    `owners` are the people whose it is.
    `filters` are those of a search: the values of what is personal are left out, or their names alone are given. `shown` counts
    the rows of a list.
    """

    action: str
    resource_id: str | None = None
    owners: Iterable[UUID | str | None] = ()
    filters: Mapping[str, object] = field(default_factory=dict)
    shown: int | None = None
    reason: str | None = None

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
