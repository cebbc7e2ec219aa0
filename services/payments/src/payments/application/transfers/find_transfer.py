from dataclasses import dataclass
from uuid import UUID

from kernel.errors import NotFound
from payments.application.transfers.views import TransferViews
from payments.domain.transfer import Transfer


@dataclass(frozen=True, slots=True)
class FindTransfer:
    """Find any transfer, for other services of the platform."""

    views: TransferViews

    async def __call__(self, *, transfer_id: UUID) -> Transfer:
        """Raise NotFound."""
        found = await self.views.transfer(transfer_id)
        if found is None:
            raise NotFound(transfer_id=transfer_id)
        return found
