"""Who the recipients of notices are."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from identity.domain.errors import UnknownRecipients
from kernel.errors import Unavailable
from kernel.notices import Recipient, RecipientKind


@dataclass
class FakeRecipients:
    """List `members` of recipients, in id order; `away` until it is reset. `meanwhile` runs before each page."""

    members: dict[Recipient, Sequence[UUID]] = field(default_factory=dict)
    away: bool = False
    pages: int = 0
    meanwhile: Callable[[], Awaitable[None]] | None = None

    def require(self, recipient: Recipient) -> None:
        if recipient.kind is not RecipientKind.PERSON and recipient not in self.members:
            raise UnknownRecipients(kind=recipient.kind.value)

    async def page(self, recipient: Recipient, *, after: UUID | None, limit: int) -> Sequence[UUID]:
        if self.meanwhile:
            await self.meanwhile()
        if self.away:
            raise Unavailable(dependency="governance")
        self.pages += 1
        if recipient.kind is RecipientKind.PERSON:
            return () if after else (UUID(recipient.reference),)
        if recipient not in self.members:
            raise UnknownRecipients(kind=recipient.kind.value)
        return [member for member in sorted(self.members[recipient]) if after is None or member > after][:limit]
