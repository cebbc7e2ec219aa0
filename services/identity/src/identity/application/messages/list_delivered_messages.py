from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from identity.application.messages.views import MessageContent, MessageViews
from identity.application.ports.address_messages import AddressMessageBook, DeliveredText

LISTED_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class ListDeliveredMessages:
    """List the delivered messages that were kept, newest first. Only a local environment keeps them."""

    views: MessageViews
    to_addresses: AddressMessageBook

    async def __call__(self, *, recipient: str | None) -> Sequence[MessageContent | DeliveredText]:
        found: list[MessageContent | DeliveredText] = [*await self.views.delivered_messages(recipient, LISTED_MAX)]
        found += await self.to_addresses.delivered_to_addresses(recipient, LISTED_MAX)
        return sorted(found, key=lambda each: each.queued_at, reverse=True)
