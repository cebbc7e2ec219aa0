"""One namespace of Idempotency-Keys for all requests of a caller."""

from collections.abc import Iterable, Sequence
from typing import Protocol
from uuid import UUID


class KeyRepository(Protocol):
    """One namespace of Idempotency-Keys per caller: a key identifies one request of any type."""

    async def claim(self, initiator_id: UUID, key: str, *, beside: Iterable[str], turns: Sequence[UUID] = ()) -> None:
        """Serialise the initiator's requests. Raise KeyReused if the key belongs to a request in another table.

        `beside` names the tables in which the caller looks up the key itself. `turns` are other owners whose spending the same
        transaction changes: all are locked in one order, after the accounts.
        """
