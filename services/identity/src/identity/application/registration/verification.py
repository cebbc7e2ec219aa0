from dataclasses import dataclass
from uuid import UUID

from identity.domain.session import Session


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Whose address was confirmed; the wallet address where the account was made by it, and the sessions that it ended."""

    user_id: UUID
    wallet_address: UUID | None = None
    ended: tuple[Session, ...] = ()
