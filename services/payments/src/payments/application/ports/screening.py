"""What payments asks compliance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from payments.domain.transfer_order import TransferOrder


@dataclass(frozen=True, slots=True)
class Verdict:
    """Compliance's answer; the reason is for staff and the audit trail, never for the customer."""

    clear: bool
    reason: str = ""


class Screening(Protocol):
    async def screen(self, orders: Sequence[TransferOrder]) -> Sequence[Verdict]:
        """Screen a batch, one verdict an order; raises Unavailable when compliance does not answer (fail closed)."""
