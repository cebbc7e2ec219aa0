"""Compliance's screening."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from kernel.errors import Unavailable
from payments.application.ports.screening import Verdict
from payments.domain.transfer_order import TransferOrder


@dataclass
class FakeScreening:
    """Clears all orders except those of blocked users or with blocked wallets. `away`: compliance does not answer."""

    blocked: set[UUID] = field(default_factory=set)
    away: bool = False
    calls: int = 0

    async def screen(self, orders: Sequence[TransferOrder]) -> Sequence[Verdict]:
        self.calls += 1
        if self.away:
            raise Unavailable(dependency="compliance")
        return [self._verdict(order) for order in orders]

    def _verdict(self, order: TransferOrder) -> Verdict:
        clear = self.blocked.isdisjoint({order.initiator_id, order.source_id, order.target_id})
        return Verdict(clear, "" if clear else "on the list")
