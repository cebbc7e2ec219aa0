from collections.abc import Sequence
from typing import Protocol

from governance.domain.approval_rule import ApprovalRule


class ApprovalRuleRepository(Protocol):
    async def find(self, name: str) -> ApprovalRule | None:
        """Find a rule, withdrawn or not; a caller that changes it has called `BundleRepository.lock_latest` before."""

    async def all(self) -> Sequence[ApprovalRule]:
        """Return every rule, with the changes that this transaction made."""

    def add(self, rule: ApprovalRule) -> None: ...
