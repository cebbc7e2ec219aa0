from collections.abc import Sequence
from dataclasses import dataclass

from identity.application.erasures.views import ErasureViews, ReceiptKeyView


@dataclass(frozen=True, slots=True)
class ListReceiptKeys:
    """List the public keys of all receipts, oldest first."""

    views: ErasureViews

    async def __call__(self) -> Sequence[ReceiptKeyView]:
        return await self.views.receipt_keys()
