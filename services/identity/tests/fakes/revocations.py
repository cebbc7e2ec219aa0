"""The revocation lists that gateways and services read."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from kernel.assurance import Factors


@dataclass
class FakeRevocations:
    ended: dict[UUID, datetime] = field(default_factory=dict)
    factors: dict[UUID, Factors] = field(default_factory=dict)

    async def add(self, session_id: UUID, *, ended_at: datetime) -> None:
        self.ended.setdefault(session_id, ended_at)

    async def try_add(self, session_id: UUID, *, ended_at: datetime) -> None:
        await self.add(session_id, ended_at=ended_at)

    async def change_factors(self, user_id: UUID, factors: Factors, *, changed_at: datetime) -> None:
        self.factors[user_id] = factors

    async def try_change_factors(self, user_id: UUID, factors: Factors, *, changed_at: datetime) -> None:
        await self.change_factors(user_id, factors, changed_at=changed_at)
