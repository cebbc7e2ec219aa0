"""Approval rules in PostgreSQL."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from governance.domain.approval_rule import ApprovalRule
from governance.infrastructure.tables import approval_rules


class SqlApprovalRules:
    """No row locks: whoever changes a rule publishes, and publishers take turns."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, name: str) -> ApprovalRule | None:
        return await self._session.get(ApprovalRule, name)

    async def all(self) -> Sequence[ApprovalRule]:
        # Without autoflush, what this transaction changed would be missing.
        await self._session.flush()
        return (await self._session.scalars(select(ApprovalRule).order_by(approval_rules.c.name))).all()

    def add(self, rule: ApprovalRule) -> None:
        self._session.add(rule)
