"""One space of Idempotency-Keys for all that a caller asks for."""

from collections.abc import Iterable, Sequence
from typing import Protocol
from uuid import UUID


class Keys(Protocol):
    """One space of Idempotency-Keys for each caller: a key names one request, whatever it asks for."""

    async def claim(self, initiator_id: UUID, key: str, *, beside: Iterable[str], turns: Sequence[UUID] = ()) -> None:
        """Let the initiator's requests take turns; raises KeyReused when the key names a request that another table keeps.

        `beside` names the tables in which the caller looks the key up itself, `turns` other owners whose spending the same
        transaction changes: all are locked in one order, after the accounts.
        """
