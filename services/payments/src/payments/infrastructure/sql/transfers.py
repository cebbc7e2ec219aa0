"""Transfers and postings in hand-written SQL: the number of statements does not depend on the batch's size."""

# ruff: noqa: S608  # put together of our own constants

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.idempotency_scope import RequestInProgress
from chassis.persistence.sql_reads import SqlReads
from kernel.events import Aggregate
from payments.domain.entry import Posting
from payments.domain.transfer import Transfer
from payments.domain.transfer_order import TransferOrder
from payments.infrastructure.sql.transfer_rows import (
    ADD_POSTINGS,
    ADD_TRANSFERS,
    BY_KEYS,
    READ,
    SAVE_TRANSFER,
    changes_of,
    document_of,
    postings_document_of,
    transfer_of,
)

_FIND = text(
    f"SELECT {READ} FROM unnest(cast(:initiators AS uuid[]), cast(:keys AS text[])) AS asked (initiator_id, key) {BY_KEYS}"
)
_FIND_ONE = text(f"SELECT {READ} FROM transfers t WHERE t.id = :id")
_LOCK_ONE = text(f"SELECT {READ} FROM transfers t WHERE t.id = :id FOR NO KEY UPDATE")
_OVERDUE = text(
    """
    SELECT id FROM transfers WHERE status IN ('pending', 'pending_approval') AND expires_at <= :at
    ORDER BY expires_at LIMIT :limit
    """
)
_ADD_TRANSFERS = text(ADD_TRANSFERS.replace("$1::jsonb", "cast(:rows AS jsonb)"))
_ADD_POSTINGS = text(ADD_POSTINGS.replace("$1::jsonb", "cast(:rows AS jsonb)"))
_SAVE = text(SAVE_TRANSFER)
_POSTINGS_OF = text(
    """
    SELECT account_id, counterparty_id, amount, currency, balance_after FROM postings
    WHERE transfer_id = :id ORDER BY sequence
    """
)
_ONE_KEY: Final = "transfers_initiator_id_idempotency_key_key"


class SqlTransferRepository:
    def __init__(self, session: AsyncSession, written: list[Aggregate]) -> None:
        self._session = session
        self._written = written

    async def find_by_keys(self, keys: Sequence[tuple[UUID, str]]) -> Mapping[tuple[UUID, str], Transfer]:
        rows = await self._session.execute(
            _FIND, {"initiators": [initiator for initiator, _ in keys], "keys": [key for _, key in keys]}
        )
        return {(row.initiator_id, row.idempotency_key): transfer_of(row) for row in rows}

    async def find(self, transfer_id: UUID) -> Transfer | None:
        row = (await self._session.execute(_FIND_ONE, {"id": transfer_id})).one_or_none()
        return transfer_of(row) if row else None

    async def lock(self, transfer_id: UUID) -> Transfer:
        return transfer_of((await self._session.execute(_LOCK_ONE, {"id": transfer_id})).one())

    async def postings_of(self, transfer_id: UUID) -> Sequence[Posting]:
        return [Posting(*row) for row in await self._session.execute(_POSTINGS_OF, {"id": transfer_id})]

    async def overdue(self, at: datetime, *, limit: int) -> Sequence[UUID]:
        return list(await self._session.scalars(_OVERDUE, {"at": at, "limit": limit}))

    async def add(self, transfers: Sequence[Transfer]) -> None:
        """Write transfers. Raise RequestInProgress if another request used one of their keys at the same moment."""
        self._written += transfers
        try:
            await self._session.execute(_ADD_TRANSFERS, {"rows": document_of(transfers)})
        except IntegrityError as conflict:
            # The key was looked up under the locks of this request's accounts; the other request held locks on other accounts.
            if isinstance(conflict.orig, UniqueViolation) and conflict.orig.diag.constraint_name == _ONE_KEY:
                raise RequestInProgress from None
            raise
        await self._add_postings(transfers)

    async def save(self, transfer: Transfer) -> None:
        self._written.append(transfer)
        await self._session.execute(_SAVE, changes_of(transfer))
        await self._add_postings([transfer])

    async def _add_postings(self, transfers: Sequence[Transfer]) -> None:
        if rows := postings_document_of(transfers):
            await self._session.execute(_ADD_POSTINGS, {"rows": rows})


_LINKED = text(f"SELECT {READ} FROM transfers t WHERE t.link_id = :id")
_PAYEE = text(
    """
    SELECT a.owner_id FROM transfers t JOIN accounts a ON a.id = t.target_id WHERE t.id = :id AND a.organization_id IS NULL
    """
)
_OWNERS = text("SELECT owner_id FROM accounts WHERE id = ANY(:ids) AND owner_id IS NOT NULL")


class SqlTransferViews(SqlReads):
    async def transfer(self, transfer_id: UUID) -> Transfer | None:
        rows = await self._rows(_FIND_ONE, id=transfer_id)
        return transfer_of(rows[0]) if rows else None

    async def linked(self, link_id: UUID) -> Sequence[TransferOrder]:
        return [transfer_of(row).order for row in await self._rows(_LINKED, id=link_id)]

    async def payee_of(self, transfer_id: UUID) -> UUID | None:
        rows = await self._rows(_PAYEE, id=transfer_id)
        return rows[0].owner_id if rows else None

    async def owners(self, account_ids: tuple[UUID, ...]) -> frozenset[UUID]:
        return frozenset(row.owner_id for row in await self._rows(_OWNERS, ids=list(account_ids)))
