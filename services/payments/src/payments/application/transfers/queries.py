"""What can be asked about transfers."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from kernel.pages import CursorPage, CursorRequest


@dataclass(frozen=True, slots=True)
class TransferView:
    id: UUID
    kind: str
    source_id: UUID
    target_id: UUID
    amount: Decimal
    currency: str
    description: str
    initiator_id: UUID
    settled_at: datetime


class TransferQueries(Protocol):
    async def transfer(self, transfer_id: UUID) -> TransferView | None: ...

    async def owns_either(self, owner_id: UUID, account_ids: tuple[UUID, ...]) -> bool:
        """Tell whether one of the accounts is a wallet of this owner."""

    async def transfers_of(self, owner_id: UUID, cursor: CursorRequest) -> CursorPage[TransferView]:
        """Page through what the owner's wallets sent and received, newest first."""
