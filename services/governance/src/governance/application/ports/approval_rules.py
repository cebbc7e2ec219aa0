from collections.abc import Sequence
from typing import Protocol

from governance.domain.approval_rule import ApprovalRule


class ApprovalRuleRepository(Protocol):
    async def find(self, name: str) -> ApprovalRule | None:
        """Find a rule, including a withdrawn one. To change it, call `BundleRepository.lock_latest` first."""

    async def all(self) -> Sequence[ApprovalRule]:
        """Return every rule, including the changes of this transaction."""

    def add(self, rule: ApprovalRule) -> None: ...
