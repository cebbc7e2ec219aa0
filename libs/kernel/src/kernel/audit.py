"""Audit facts: what the unit of work insists on before it commits a change."""

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
    """One change, in the seed's terms: which action on which resource, before and after, and why.

    Who and from where come from the actor that the unit of work was begun with.
    `action` is "<context>.<noun>.<verb>"; `related_ids` are other subjects and resources that the change concerns,
    under which an auditor also finds it.
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


# No slots: Python 3.11 cannot make a subscripted generic class with slots that is frozen.
@dataclass(frozen=True, kw_only=True)
class Audited(Generic[T]):
    """How one kind of thing appears in the audit log.

    `action` is "<context>.<noun>", to which the verb is appended. `state` is what before and after show; `related` gives the
    other ids under which an auditor finds the fact.
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
