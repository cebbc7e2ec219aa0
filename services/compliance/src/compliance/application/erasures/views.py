from typing import Protocol

from compliance.domain.retention import RetentionRule


class RetentionViews(Protocol):
    async def retention_rules(self) -> tuple[RetentionRule, ...]:
        """Return the retention periods of the law in force."""
