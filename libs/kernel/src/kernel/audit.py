"""Audit facts: the unit of work commits no change without one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from kernel.ids import new_id

# JSON values, amounts as strings; no secrets and no plain personal data.
State = Mapping[str, object]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFact:
    """One change: the action, the resource, its state before and after, and the reason.

    The actor and address are those of the unit of work. `action` is "<context>.<noun>.<verb>". `related_ids` are other subjects
    and resources that the change concerns; auditors find the fact under each of them.
    """

    action: str
    resource_type: str
    resource_id: str
    occurred_at: datetime
    before: State | None = None
    after: State | None = None
    reason: str | None = None
    related_ids: tuple[str, ...] = ()
    fact_id: UUID = field(default_factory=new_id)


# No slots: Python 3.11 cannot create a frozen generic dataclass with slots.
@dataclass(frozen=True, kw_only=True)
class Audited(Generic[T]):
    """How one type of resource appears in the audit log.

    `action` is "<context>.<noun>"; the verb is appended to it. `state` returns the state for before and after; `related` returns
    the other ids under which auditors find the fact.
    """

    action: str
    resource_type: str
    state: Callable[[T], State]
    id_of: Callable[[T], object]
    related: Callable[[T], tuple[str, ...]] = lambda _item: ()

    def fact(
        self,
        item: T,
        verb: str,
        *,
        at: datetime,
        before: State | None = None,
        after: State | None = None,
        reason: str | None = None,
    ) -> AuditFact:
        """Make the audit fact "<action>.<verb>" of `item`."""
        return AuditFact(
            action=f"{self.action}.{verb}",
            resource_type=self.resource_type,
            resource_id=str(self.id_of(item)),
            occurred_at=at,
            before=before,
            after=after,
            reason=reason,
            related_ids=self.related(item),
        )
