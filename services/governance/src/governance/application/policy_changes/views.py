from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self
from uuid import UUID

from governance.domain.policy_change import PolicyChange, PolicyChangeStatus, PolicyItem
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class PolicyChangeView:
    """`report` is as in policy_report.py. `bundle_version` is the bundle that the approval published."""

    id: UUID
    items: tuple[PolicyItem, ...]
    reason: str
    status: PolicyChangeStatus
    asked_by: str
    asked_at: datetime
    report: Mapping[str, object]
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
    bundle_version: int | None

    @classmethod
    def of(cls, change: PolicyChange) -> Self:
        return cls(
            change.id,
            tuple(change.items),
            change.reason,
            change.status,
            change.asked_by,
            change.asked_at,
            change.report,
            change.decided_by,
            change.decided_at,
            change.decision_reason,
            change.bundle_version,
        )


class PolicyChangeViews(Protocol):
    async def changes(
        self, page: PageRequest, *, status: PolicyChangeStatus | None, policy: str | None
    ) -> Page[PolicyChangeView]:
        """Page through changes, newest first."""

    async def change(self, change_id: UUID) -> PolicyChangeView | None: ...
