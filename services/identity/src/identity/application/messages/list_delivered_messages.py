from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from identity.application.messages.views import MessageContent, MessageViews

LISTED_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class ListDeliveredMessages:
    """List the delivered messages that were kept, newest first. Only a local environment keeps them."""

    views: MessageViews

    async def __call__(self, *, recipient: str | None) -> Sequence[MessageContent]:
        return await self.views.delivered_messages(recipient, LISTED_MAX)
