"""Port to compliance's screening."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from payments.domain.transfer_order import TransferOrder


@dataclass(frozen=True, slots=True)
class Verdict:
    """Compliance's answer. The reason is for staff and the audit log, never for the customer."""

    clear: bool
    reason: str = ""


class Screening(Protocol):
    async def screen(self, orders: Sequence[TransferOrder]) -> Sequence[Verdict]:
        """Screen a batch, with one verdict per order. Raise Unavailable if compliance does not answer (fail closed)."""
