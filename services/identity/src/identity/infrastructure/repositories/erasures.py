"""Erasures, and what they destroy."""

import hashlib
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Table, delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.unit_of_work import SqlTransaction
from identity.application.ports.erasures import Destroyed
from identity.domain.erasure import Erasure
from identity.infrastructure.receipts import ReceiptKey, sign
from identity.infrastructure.repositories.accounts import SqlUsers
from identity.infrastructure.tables import (
    backup_codes,
    devices,
    email_undos,
    erasures,
    one_time_codes,
    passkey_ceremonies,
    passkeys,
    password_history,
    password_resets,
    profiles,
    receipt_keys,
    recovery_requests,
    required_resets,
    second_factor_failures,
    sessions,
    sign_in_challenges,
    subject_keys,
    totps,
    wallet_addresses,
)
from identity.infrastructure.vault import Vault
from kernel.actor import Actor
from kernel.ids import new_id

# Of processes that need the first key at once one makes it.
_ONE_MAKES_THE_KEY = text("SELECT pg_advisory_xact_lock(5, 0)")
# Rows that are personal as a whole, or of no use without the person. What refers to an account by its id alone stays.
_PERSONAL: Final[tuple[Table, ...]] = (
    profiles,
    password_history,
    totps,
    backup_codes,
    passkeys,
    passkey_ceremonies,
    sign_in_challenges,
    password_resets,
    required_resets,
    email_undos,
    one_time_codes,
    second_factor_failures,
)
# Answers that were kept for repeats of the user's requests.
_FORGET_ANSWERS = text("DELETE FROM idempotency_keys WHERE owner = :owner")


class SqlErasures:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, erasure: Erasure) -> None:
        self._session.add(erasure)

    async def lock(self, erasure_id: UUID) -> Erasure | None:
        query = select(Erasure).where(erasures.c.id == erasure_id).with_for_update()
        return (await self._session.scalars(query)).one_or_none()

    async def lock_of(self, user_id: UUID) -> Erasure | None:
        query = select(Erasure).where(erasures.c.user_id == user_id).with_for_update()
        return (await self._session.scalars(query)).one_or_none()

    async def user_of(self, erasure_id: UUID) -> UUID | None:
        return await self._session.scalar(select(erasures.c.user_id).where(erasures.c.id == erasure_id))

    async def destroy(self, user_id: UUID) -> Destroyed:
        of = subject_keys.c
        wrapped = await self._session.scalar(select(of.wrapped).where(of.subject_id == user_id).with_for_update())
        await self._session.execute(delete(subject_keys).where(of.subject_id == user_id))
        for table in _PERSONAL:
            await self._session.execute(delete(table).where(table.c.user_id == user_id))
        await self._session.execute(update(wallet_addresses).where(wallet_addresses.c.user_id == user_id).values(label=None))
        await self._session.execute(update(devices).where(devices.c.user_id == user_id).values(name=None))
        await self._session.execute(
            update(sessions).where(sessions.c.user_id == user_id).values(started_from=None, seen_from=None)
        )
        of_user = recovery_requests.c.user_id == user_id
        await self._session.execute(update(recovery_requests).where(of_user).values(decision_reason=None))
        await self._session.execute(_FORGET_ANSWERS, {"owner": f"user:{user_id}"})
        return Destroyed(hashlib.sha256(wrapped or b"").hexdigest())


class SqlReceipts:
    def __init__(self, session: AsyncSession, vault: Vault) -> None:
        self._session = session
        self._vault = vault

    async def sign(self, statement: dict[str, Any], *, at: datetime) -> dict[str, Any]:
        return sign(await self._key(at), statement)

    async def _key(self, at: datetime) -> ReceiptKey:
        """Return the key that signs, made when there is none: the newest."""
        await self._session.execute(_ONE_MAKES_THE_KEY)
        query = select(receipt_keys.c.id, receipt_keys.c.sealed_seed).order_by(receipt_keys.c.created_at.desc()).limit(1)
        row = (await self._session.execute(query)).one_or_none()
        if row:
            return ReceiptKey(row.id, self._vault.open_receipt_key(row.id, row.sealed_seed))
        key = ReceiptKey.generate(new_id())
        sealed = self._vault.seal_receipt_key(key.id, bytes(key.signing))
        values = {"id": key.id, "public_key": key.signing.public_bytes, "sealed_seed": sealed, "created_at": at}
        await self._session.execute(receipt_keys.insert().values(values))
        return key


class SqlErasureTransaction(SqlTransaction):
    """What a process without the master key may do about erasures."""

    def __init__(self, session: AsyncSession, actor: Actor) -> None:
        super().__init__(session, actor)
        self.users = SqlUsers(session)
        self.erasures = SqlErasures(session)
