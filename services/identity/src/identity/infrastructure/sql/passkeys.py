"""Passkeys, and the ceremonies that add or use them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, LargeBinary, Table, Text, Uuid, select
from sqlalchemy.ext.asyncio import AsyncSession

from identity.domain.errors import FactorExists
from identity.domain.passkey import Ceremony, CeremonyKind, Passkey
from identity.infrastructure.sql.mapping import enum_text, mapper, metadata, timestamp
from identity.infrastructure.sql.unique_constraints import refuse_duplicates
from identity.infrastructure.sql.users import users

passkeys = Table(
    "passkeys",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", ForeignKey(users.c.id), nullable=False),
    Column("credential_id", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("backed_up", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", timestamp(), nullable=False),
    Column("last_used_at", timestamp()),
    Column("flagged_at", timestamp()),
    Column("backup_eligible", Boolean),
)
passkey_ceremonies = Table(
    "passkey_ceremonies",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", enum_text(CeremonyKind), nullable=False),
    Column("user_id", ForeignKey(users.c.id)),
    Column("challenge", LargeBinary, nullable=False),
    Column("expires_at", timestamp(), nullable=False),
    Column("used_at", timestamp()),
)
mapper.map_imperatively(Passkey, passkeys)
mapper.map_imperatively(Ceremony, passkey_ceremonies)


class SqlPasskeyRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, passkey: Passkey) -> None:
        self._session.add(passkey)
        with refuse_duplicates(FactorExists, "passkeys_credential_id_key"):
            await self._session.flush()

    async def lock(self, passkey_id: UUID) -> Passkey | None:
        query = select(Passkey).where(passkeys.c.id == passkey_id).with_for_update()
        return (await self._session.scalars(query)).one_or_none()

    async def lock_credential(self, credential_id: bytes) -> Passkey | None:
        query = select(Passkey).where(passkeys.c.credential_id == credential_id).with_for_update()
        return (await self._session.scalars(query)).one_or_none()

    async def of(self, user_id: UUID) -> Sequence[Passkey]:
        query = select(Passkey).where(passkeys.c.user_id == user_id).order_by(passkeys.c.created_at, passkeys.c.id)
        return (await self._session.scalars(query)).all()

    async def remove(self, passkey: Passkey) -> None:
        await self._session.delete(passkey)
        await self._session.flush()


class SqlCeremonies:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, ceremony: Ceremony) -> None:
        self._session.add(ceremony)

    async def lock(self, ceremony_id: UUID) -> Ceremony | None:
        query = select(Ceremony).where(passkey_ceremonies.c.id == ceremony_id).with_for_update()
        return (await self._session.scalars(query)).one_or_none()
