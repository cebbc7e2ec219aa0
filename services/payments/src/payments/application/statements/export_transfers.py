from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

from kernel.actor import Actor
from payments.application.statements.views import Movement, Movements
from payments.application.transfers.views import HistoryFilter


@dataclass(frozen=True, slots=True)
class ExportTransfers:
    """Read all transfers of the caller's wallets that match a filter, newest first, without a limit on their number."""

    movements: Movements

    def __call__(self, *, actor: Actor, wanted: HistoryFilter, batch: int) -> AsyncIterator[Sequence[Movement]]:
        """Return batches of the movements of about `batch` transfers."""
        return self.movements.movements(replace(wanted, owner_id=actor.acts_for), batch=batch)
