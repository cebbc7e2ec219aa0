"""Audit facts: what the unit of work insists on before it commits a change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from kernel.ids import new_id

# JSON values, amounts as strings; no secrets and no plain personal data.
State = Mapping[str, object]


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
