from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, Self
from uuid import UUID

from governance.domain.approval_rule import ApprovalRule
from governance.domain.window import Window
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class ApprovalRuleView:
    """`version` is compared with If-Match."""

    name: str
    currency: str
    threshold: Decimal
    kinds: tuple[str, ...]
    role: str | None
    counterparty: UUID | None
    window: Window | None
    description: str
    version: int
    is_withdrawn: bool

    @classmethod
    def of(cls, rule: ApprovalRule) -> Self:
        return cls(
            rule.name,
            rule.currency,
            rule.threshold,
            rule.kinds,
            rule.role,
            rule.counterparty,
            rule.window,
            rule.description,
            rule.version,
            rule.is_withdrawn,
        )


class ApprovalRuleViews(Protocol):
    async def approval_rules(self, page: PageRequest) -> Page[ApprovalRuleView]:
        """Page through the rules in force, ordered by name."""

    async def approval_rule(self, name: str) -> ApprovalRuleView | None:
        """Read a rule, including a withdrawn one."""
