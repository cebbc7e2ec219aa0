"""Compliance's audit log."""

from dataclasses import dataclass, field
from uuid import UUID


@dataclass
class FakeAuditLog:
    """Has the transfers that a test added."""

    hashes: dict[UUID, str] = field(default_factory=dict)

    async def leaf_hash(self, transfer_id: UUID) -> str | None:
        return self.hashes.get(transfer_id)
