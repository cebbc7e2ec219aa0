"""Ports of policy changes and golden decisions."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from governance.domain.golden_decision import GoldenDecision
from governance.domain.policy_change import PolicyChange


class PolicyChangeRepository(Protocol):
    async def lock(self, change_id: UUID) -> PolicyChange | None: ...

    def add(self, change: PolicyChange) -> None: ...


class GoldenDecisionRepository(Protocol):
    async def lock(self, name: str) -> GoldenDecision | None: ...

    async def all(self) -> Sequence[GoldenDecision]: ...

    def add(self, golden: GoldenDecision) -> None: ...

    async def remove(self, golden: GoldenDecision) -> None: ...


class RoleHolders(Protocol):
    async def people_by_role(self) -> Mapping[str, int]:
        """Return how many people hold each role that is in use, by whatever limits. Everybody has the default role."""
