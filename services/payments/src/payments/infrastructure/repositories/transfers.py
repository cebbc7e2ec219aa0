"""Transfers and postings by hand-written SQL: a batch costs the same number of statements whatever its size."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.money import Money
from payments.domain.transfer import Posting, Transfer, TransferKind, TransferOrder

_FIND = text(
    """
    SELECT t.id, t.kind, t.initiator_id, t.idempotency_key, t.source_id, t.target_id, t.amount, t.currency,
           t.description, t.settled_at
    FROM unnest(cast(:initiators AS uuid[]), cast(:keys AS text[])) AS asked (initiator_id, key)
    JOIN transfers t ON t.initiator_id = asked.initiator_id AND t.idempotency_key = asked.key
    """
)
_ADD_TRANSFERS = text(
    """
    INSERT INTO transfers
        (id, kind, initiator_id, idempotency_key, source_id, target_id, amount, currency, description, settled_at)
    SELECT * FROM unnest(
        cast(:ids AS uuid[]), cast(:kinds AS text[]), cast(:initiators AS uuid[]), cast(:keys AS text[]),
        cast(:sources AS uuid[]), cast(:targets AS uuid[]), cast(:amounts AS numeric[]), cast(:currencies AS text[]),
        cast(:descriptions AS text[]), cast(:times AS timestamptz[])
    )
    """
)
_ADD_POSTINGS = text(
    """
    INSERT INTO postings (transfer_id, account_id, counterparty_id, amount, currency, balance_after, posted_at)
    SELECT * FROM unnest(
        cast(:transfers AS uuid[]), cast(:accounts AS uuid[]), cast(:counterparties AS uuid[]), cast(:amounts AS numeric[]),
        cast(:currencies AS text[]), cast(:balances AS numeric[]), cast(:times AS timestamptz[])
    )
    """
)


class SqlTransfers:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find_by_keys(self, orders: Sequence[TransferOrder]) -> Mapping[tuple[UUID, str], Transfer]:
        rows = await self._session.execute(
            _FIND, {"initiators": [order.initiator_id for order in orders], "keys": [order.key for order in orders]}
        )
        return {(row.initiator_id, row.idempotency_key): _transfer(row) for row in rows}

    async def add(self, transfers: Sequence[Transfer]) -> None:
        orders = [transfer.order for transfer in transfers]
        times = [transfer.settled_at for transfer in transfers]
        await self._session.execute(
            _ADD_TRANSFERS,
            {
                "ids": [transfer.id for transfer in transfers],
                "kinds": [order.kind.value for order in orders],
                "initiators": [order.initiator_id for order in orders],
                "keys": [order.key for order in orders],
                "sources": [order.source_id for order in orders],
                "targets": [order.target_id for order in orders],
                "amounts": [order.amount.amount for order in orders],
                "currencies": [order.amount.currency.code for order in orders],
                "descriptions": [order.description for order in orders],
                "times": times,
            },
        )
        legs = [(transfer, leg, other) for transfer in transfers for leg, other in _pairs(transfer.postings)]
        await self._session.execute(
            _ADD_POSTINGS,
            {
                "transfers": [transfer.id for transfer, _, _ in legs],
                "accounts": [leg.account_id for _, leg, _ in legs],
                "counterparties": [other.account_id for _, _, other in legs],
                "amounts": [leg.amount for _, leg, _ in legs],
                "currencies": [transfer.order.amount.currency.code for transfer, _, _ in legs],
                "balances": [leg.balance_after for _, leg, _ in legs],
                "times": [transfer.settled_at for transfer, _, _ in legs],
            },
        )


def _pairs(postings: tuple[Posting, ...]) -> tuple[tuple[Posting, Posting], tuple[Posting, Posting]]:
    debit, credit = postings
    return (debit, credit), (credit, debit)


def _transfer(row: Any) -> Transfer:
    """Rebuild a transfer as far as a replay needs it; its postings stay where they are."""
    order = TransferOrder(
        kind=TransferKind(row.kind),
        key=row.idempotency_key,
        initiator_id=row.initiator_id,
        source_id=row.source_id,
        target_id=row.target_id,
        amount=Money.of(row.amount, row.currency),
        description=row.description,
    )
    return Transfer(row.id, order, row.settled_at, ())
