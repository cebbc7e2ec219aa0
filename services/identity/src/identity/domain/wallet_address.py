"""A wallet address: issued by identity, and the id of the wallet that payments opens for it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from kernel.ids import new_id


@dataclass(eq=False)
class WalletAddress:
    """Once issued it is never issued again, and never to anybody else."""

    address: UUID
    user_id: UUID
    issued_at: datetime
    retired_at: datetime | None = None

    @classmethod
    def issue(cls, user_id: UUID, *, at: datetime) -> Self:
        return cls(new_id(), user_id, at)
