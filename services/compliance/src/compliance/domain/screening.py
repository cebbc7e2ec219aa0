"""Screening blocks: which users and wallets may not move money, and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from kernel.errors import DomainError, Kind
from kernel.events import Aggregate
from kernel.ids import new_id


class AlreadyLifted(DomainError):
    """The block is lifted already."""

    kind = Kind.CONFLICT
    code = "CMP_001"


@dataclass(eq=False)
class ScreeningBlock(Aggregate):
    """Until the block is lifted, no money moves from or to `subject_id` (a user or a wallet)."""

    id: UUID
    subject_id: UUID
    reason: str
    created_by: str
    created_at: datetime
    lifted_by: str | None = None
    lifted_at: datetime | None = None

    @classmethod
    def place(cls, *, subject_id: UUID, reason: str, by: str, at: datetime) -> Self:
        return cls(new_id(), subject_id, reason, by, at)

    def lift(self, *, by: str, at: datetime) -> None:
        if self.lifted_at:
            raise AlreadyLifted(block_id=self.id)
        self.lifted_by, self.lifted_at = by, at


@dataclass(frozen=True, slots=True)
class ScreenedTransfer:
    """`organization_id`: the organization that pays, if the initiator acts for one."""

    initiator_id: UUID
    source_id: UUID
    target_id: UUID
    organization_id: UUID | None = None

    @property
    def subjects(self) -> tuple[UUID, ...]:
        people = (self.initiator_id, self.source_id, self.target_id)
        return (*people, self.organization_id) if self.organization_id else people
