"""Changes of the policies in force: one person asks, another approves."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple, Self
from uuid import UUID

from governance.domain.errors import EndedPolicyChange, OwnPolicyChange
from governance.domain.policy import PolicyMode
from kernel.errors import InvalidValue
from kernel.events import Aggregate
from kernel.ids import new_id

ITEMS_MAX: Final = 50


class PolicyChangeStatus(StrEnum):
    ASKED = "asked"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class PolicyItem(NamedTuple):
    """How a policy is to be: this version in this mode, or OFF without a version."""

    policy: str
    version: int | None
    mode: PolicyMode


def require_items(items: Sequence[PolicyItem]) -> None:
    """Raise InvalidValue for no items, too many, two of one policy, or OFF with a version."""
    if not 1 <= len(items) <= ITEMS_MAX:
        raise InvalidValue(field="items", expected=f"1 to {ITEMS_MAX} policies", given=len(items))
    if len({item.policy for item in items}) < len(items):
        raise InvalidValue(field="items", expected="each policy once")
    for number, item in enumerate(items):
        if (item.mode is PolicyMode.OFF) is not (item.version is None):
            raise InvalidValue(field=f"items.{number}.version", expected="a version, except for off")


@dataclass(eq=False)
class ChangedPolicy:
    """One policy of a change."""

    change_id: UUID
    policy: str
    version: int | None
    mode: PolicyMode

    @property
    def item(self) -> PolicyItem:
        return PolicyItem(self.policy, self.version, self.mode)


@dataclass(eq=False)
class PolicyChange(Aggregate):
    """A change of one policy or several, all at once. `report` is what the person who decided saw (policy_report.py)."""

    id: UUID
    changed: dict[str, ChangedPolicy]
    reason: str
    status: PolicyChangeStatus
    asked_by: str
    asked_at: datetime
    report: dict[str, object]
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_reason: str | None = None
    bundle_version: int | None = None

    @classmethod
    def ask(cls, items: Sequence[PolicyItem], *, reason: str, report: dict[str, object], by: str, at: datetime) -> Self:
        """Raise InvalidValue for no items, too many, two of one policy, or OFF with a version."""
        require_items(items)
        id_ = new_id()
        changed = {item.policy: ChangedPolicy(id_, *item) for item in items}
        return cls(id_, changed, reason, PolicyChangeStatus.ASKED, by, at, report)

    @property
    def items(self) -> Sequence[PolicyItem]:
        return [self.changed[name].item for name in sorted(self.changed)]

    def require_open(self) -> None:
        """Raise EndedPolicyChange."""
        if self.status is not PolicyChangeStatus.ASKED:
            raise EndedPolicyChange(change_id=self.id, status=self.status)

    def require_approvable(self, *, by: str, authors: Collection[str]) -> None:
        """Raise EndedPolicyChange, or OwnPolicyChange for a person who asked for it or wrote one of its versions."""
        self.require_open()
        if by == self.asked_by or by in authors:
            raise OwnPolicyChange(change_id=self.id)

    def approve(self, *, by: str, at: datetime, reason: str | None, report: dict[str, object], bundle_version: int) -> None:
        self._decide(PolicyChangeStatus.APPROVED, by=by, at=at, reason=reason)
        self.report, self.bundle_version = report, bundle_version

    def end(self, *, by: str, at: datetime, reason: str | None) -> None:
        """Withdraw a change, by the person who asked for it, or reject it."""
        self.require_open()
        status = PolicyChangeStatus.WITHDRAWN if by == self.asked_by else PolicyChangeStatus.REJECTED
        self._decide(status, by=by, at=at, reason=reason)

    def _decide(self, status: PolicyChangeStatus, *, by: str, at: datetime, reason: str | None) -> None:
        self.status, self.decided_by, self.decided_at, self.decision_reason = status, by, at, reason
