"""Transfers and postings by hand-written SQL: a batch costs the same number of statements whatever its size."""

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
from payments.domain.entry import Posting
from payments.domain.transfer import Transfer
from payments.infrastructure.repositories.transfer_rows import (
    ADD_POSTINGS,
    ADD_TRANSFERS,
    BY_KEYS,
    READ,
    document_of,
    fees_text,
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
_SAVE = text(
    """
    UPDATE transfers
    SET status = :status, held = :held, captured = :captured, refunded = :refunded, settled_at = :settled_at,
        expires_at = :expires_at, closed_at = :closed_at, decided_by = :decided_by, decided_at = :decided_at,
        reason = :reason, version = :version, fees = cast(:fees AS jsonb), fee_total = :fee_total
    WHERE id = :id
    """
)
_POSTINGS_OF = text(
    """
    SELECT account_id, counterparty_id, amount, currency, balance_after FROM postings
    WHERE transfer_id = :id ORDER BY sequence
    """
)
_ONE_KEY: Final = "transfers_initiator_id_idempotency_key_key"


class SqlTransfers:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

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
        """Write them; raises RequestInProgress when one's key was used for something else at the same moment."""
        try:
            await self._session.execute(_ADD_TRANSFERS, {"rows": document_of(transfers)})
        except IntegrityError as conflict:
            # Looked up under the locks of its accounts; the other one, of other accounts, held others.
            if isinstance(conflict.orig, UniqueViolation) and conflict.orig.diag.constraint_name == _ONE_KEY:
                raise RequestInProgress from None
            raise
        await self._add_postings(transfers)

    async def save(self, transfer: Transfer) -> None:
        await self._session.execute(
            _SAVE,
            {
                "id": transfer.id,
                "status": transfer.status,
                "held": transfer.held,
                "captured": transfer.captured,
                "refunded": transfer.refunded,
                "settled_at": transfer.settled_at,
                "expires_at": transfer.expires_at,
                "closed_at": transfer.closed_at,
                "decided_by": transfer.decided_by,
                "decided_at": transfer.decided_at,
                "reason": transfer.reason,
                "version": transfer.version,
                "fees": fees_text(transfer.quote),
                "fee_total": transfer.quote.fee_total.amount,
            },
        )
        await self._add_postings([transfer])

    async def _add_postings(self, transfers: Sequence[Transfer]) -> None:
        if rows := postings_document_of(transfers):
            await self._session.execute(_ADD_POSTINGS, {"rows": rows})
