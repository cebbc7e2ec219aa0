"""The read models of erasures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ErasureView:
    """It has no personal data: every caller who knows the id may read it."""

    id: UUID
    status: str
    requested_at: datetime
    answered: Sequence[str]
    restricted_until: datetime | None
    erased_at: datetime | None
    receipt: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class ReceiptKeyView:
    id: UUID
    public_key: bytes
    created_at: datetime


class ErasureViews(Protocol):
    async def erasure(self, erasure_id: UUID) -> ErasureView | None: ...

    async def receipt_keys(self) -> Sequence[ReceiptKeyView]:
        """Return every key that has signed receipts, oldest first."""
