"""One namespace of Idempotency-Keys per caller: a key identifies one request of any type."""

# ruff: noqa: S608  # put together of our own constants

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.idempotency_scope import OwnKeys
from kernel.errors import KeyReused
from payments.domain.transfer_order import RESERVED_KEYS

# The tables of requests other than transfers, by `asked (initiator_id, key)`.
_ELSEWHERE: Final = {
    "bulks": "EXISTS (SELECT FROM bulks b WHERE b.initiator_id = asked.initiator_id AND b.idempotency_key = asked.key)",
    "schedules": "EXISTS (SELECT FROM schedules s WHERE s.initiator_id = asked.initiator_id AND s.idempotency_key = asked.key)",
    # Requests whose response is stored, such as a capture: key and response are deleted after a day.
    "idempotency_keys": (
        "EXISTS (SELECT FROM idempotency_keys k WHERE k.owner = 'user:' || asked.initiator_id AND k.key = asked.key)"
    ),
}
_TRANSFERS: Final = "EXISTS (SELECT FROM transfers t WHERE t.initiator_id = asked.initiator_id AND t.idempotency_key = asked.key)"
TAKEN_BY_ANOTHER: Final = " OR ".join(_ELSEWHERE.values())
_ASKED: Final = "(SELECT cast(:initiator AS uuid) AS initiator_id, cast(:key AS text) AS key) AS asked"
# The locks under which transfers look up keys. A payer of files and schedules has wallets, so there is a row per currency.
_LOCK_SPENDING: Final = text("SELECT FROM spending WHERE owner_id = ANY(:owners) ORDER BY owner_id, currency FOR NO KEY UPDATE")
# By the owner in chassis's form. Only users make requests that payments stores itself, so only they have such keys.
_BY_OWNER: Final = (
    "(SELECT cast(substring(cast(:owner AS text) FROM '^user:(.{36})$') AS uuid) AS initiator_id, cast(:key AS text) AS key)"
    " AS asked"
)
# For routes whose response chassis stores.
OWN_KEYS: Final = OwnKeys(
    taken=text(f"SELECT {' OR '.join((_TRANSFERS, _ELSEWHERE['bulks'], _ELSEWHERE['schedules']))} FROM {_BY_OWNER}"),
    reserved=RESERVED_KEYS,
)


class SqlKeyRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def claim(self, initiator_id: UUID, key: str, *, beside: Iterable[str], turns: Sequence[UUID] = ()) -> None:
        kept = {"transfers": _TRANSFERS, **_ELSEWHERE}
        elsewhere = " OR ".join(sql for table, sql in kept.items() if table not in set(beside))
        await self._session.execute(_LOCK_SPENDING, {"owners": [initiator_id, *turns]})
        taken = text(f"SELECT {elsewhere} FROM {_ASKED}")
        if await self._session.scalar(taken, {"initiator": initiator_id, "key": key}):
            raise KeyReused(initiator_id=initiator_id)
