"""Erasures, the data that they destroy, and the keys that sign their receipts."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    ForeignKey,
    LargeBinary,
    Table,
    Text,
    Uuid,
    delete,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.unit_of_work import SqlTransaction
from identity.application.erasures.views import ErasureView, ReceiptKeyView
from identity.application.ports.erasures import DestroyedKey
from identity.domain.erasure import Erasure, ErasureReason, ErasureStatus
from identity.infrastructure.erasure_receipts import ReceiptKey, sign
from identity.infrastructure.sql.devices import devices
from identity.infrastructure.sql.factors import backup_codes, second_factor_failures, totps
from identity.infrastructure.sql.mapping import enum_text, mapper, metadata, timestamp
from identity.infrastructure.sql.notices import notice_preferences, notices
from identity.infrastructure.sql.one_time_codes import one_time_codes
from identity.infrastructure.sql.passkeys import passkey_ceremonies, passkeys
from identity.infrastructure.sql.passwords import (
    password_history,
    password_resets,
    required_resets,
)
from identity.infrastructure.sql.profiles import profiles
from identity.infrastructure.sql.reads import SealedReads
from identity.infrastructure.sql.recovery import email_undos, recovery_requests
from identity.infrastructure.sql.sessions import sessions
from identity.infrastructure.sql.sign_in_challenges import sign_in_challenges
from identity.infrastructure.sql.subject_keys import subject_keys
from identity.infrastructure.sql.users import SqlUserRepository, users
from identity.infrastructure.sql.wallet_addresses import wallet_addresses
from identity.infrastructure.vault import Vault
from kernel.actor import Actor
from kernel.ids import new_id

erasures = Table(
    "erasures",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", ForeignKey(users.c.id), nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("reason", enum_text(ErasureReason), nullable=False),
    Column("requested_at", timestamp(), nullable=False),
    Column("asked_at", timestamp(), nullable=False),
    Column("status", enum_text(ErasureStatus), nullable=False),
    Column("answers", JSONB, nullable=False),
    Column("restricted_until", timestamp()),
    Column("erased_at", timestamp()),
    Column("receipt", JSONB(none_as_null=True)),
)
receipt_keys = Table(
    "receipt_keys",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("sealed_seed", LargeBinary, nullable=False),
    Column("created_at", timestamp(), nullable=False),
)
mapper.map_imperatively(Erasure, erasures)

# Only one of several concurrent processes creates the first key.
_ONE_MAKES_THE_KEY = text("SELECT pg_advisory_xact_lock(5, 0)")
# Rows that are personal as a whole, or useless without the person. Rows that have only the account's id stay.
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
    notices,
    notice_preferences,
    second_factor_failures,
)
# Responses that were stored for repeats of the user's requests.
_FORGET_ANSWERS = text("DELETE FROM idempotency_keys WHERE owner = :owner")
_ERASURE = text(
    """
    SELECT id, status, requested_at, (SELECT array_agg(key ORDER BY key) FROM jsonb_object_keys(answers) AS key) AS answered,
           restricted_until, erased_at, receipt
    FROM erasures WHERE id = :id
    """
)
_RECEIPT_KEYS = text("SELECT id, public_key, created_at FROM receipt_keys ORDER BY created_at, id")
_DUE = text(
    "SELECT id FROM erasures WHERE status = 'restricted' AND restricted_until <= :at ORDER BY restricted_until LIMIT :limit"
)
_UNANSWERED = text("SELECT id FROM erasures WHERE status = 'requested' AND asked_at <= :before ORDER BY asked_at LIMIT :limit")


class SqlErasureRepository:
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

    async def destroy(self, user_id: UUID) -> DestroyedKey:
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
        return DestroyedKey(hashlib.sha256(wrapped or b"").hexdigest())


class SqlReceipts:
    def __init__(self, session: AsyncSession, vault: Vault) -> None:
        self._session = session
        self._vault = vault

    async def sign(self, statement: dict[str, Any], *, at: datetime) -> dict[str, Any]:
        return sign(await self._key(at), statement)

    async def _key(self, at: datetime) -> ReceiptKey:
        """Return the newest key. Create one if there is none."""
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


class SqlErasureViews(SealedReads):
    async def erasure(self, erasure_id: UUID) -> ErasureView | None:
        rows = await self._rows(_ERASURE, id=erasure_id)
        if not rows:
            return None
        (row,) = rows
        answered = tuple(row.answered or ())
        return ErasureView(row.id, row.status, row.requested_at, answered, row.restricted_until, row.erased_at, row.receipt)

    async def receipt_keys(self) -> Sequence[ReceiptKeyView]:
        return [ReceiptKeyView(row.id, bytes(row.public_key), row.created_at) for row in await self._rows(_RECEIPT_KEYS)]

    async def due_erasures(self, at: datetime, *, limit: int) -> Sequence[UUID]:
        return [row.id for row in await self._rows(_DUE, at=at, limit=limit)]

    async def unanswered_erasures(self, asked_before: datetime, *, limit: int) -> Sequence[UUID]:
        return [row.id for row in await self._rows(_UNANSWERED, before=asked_before, limit=limit)]


class SqlErasureTransaction(SqlTransaction):
    """The transaction of erasures in a process without the master key."""

    def __init__(self, session: AsyncSession, actor: Actor) -> None:
        super().__init__(session, actor)
        self.users = SqlUserRepository(session)
        self.erasures = SqlErasureRepository(session)
