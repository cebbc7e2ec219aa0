"""Users' personal data, each user's sealed under their own key."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Final
from uuid import UUID

from sqlalchemy import Boolean, Column, ForeignKey, LargeBinary, Table, false, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from identity.domain.errors import UserExists
from identity.domain.profile import Profile
from identity.infrastructure.sql.mapping import metadata
from identity.infrastructure.sql.subject_keys import subject_keys, wrapped_key
from identity.infrastructure.sql.unique_constraints import refuse_duplicates
from identity.infrastructure.sql.users import UNIQUE_TO_ACCOUNT, users
from identity.infrastructure.vault import SealedProfile, Vault
from kernel.errors import NotFound

profiles = Table(
    "profiles",
    metadata,
    Column("user_id", ForeignKey(users.c.id), primary_key=True),
    Column("full_name", LargeBinary, nullable=False),
    Column("email", LargeBinary, nullable=False),
    Column("phone", LargeBinary),
    Column("organization", LargeBinary),
    Column("email_index", LargeBinary, nullable=False, unique=True),
    Column("phone_index", LargeBinary),
    Column("email_as_given", Boolean, nullable=False),
    # Set by a trigger: whether the user has verified the number. The number is unique only among verified ones (ADR 0016).
    Column("phone_verified", Boolean, nullable=False, server_default=false()),
)
_SEALED: Final = tuple(part.name for part in fields(SealedProfile))


class SqlProfiles:
    def __init__(self, session: AsyncSession, vault: Vault) -> None:
        self._session = session
        self._vault = vault

    async def add(self, user_id: UUID, profile: Profile) -> None:
        row = asdict(self._vault.seal(user_id, profile))
        key = {"subject_id": user_id, "wrapped": row.pop("wrapped_key")}
        await self._session.execute(subject_keys.insert().values(key))
        await self._refuse_earlier_index(user_id, profile)
        with refuse_duplicates(UserExists, *UNIQUE_TO_ACCOUNT):
            await self._session.execute(profiles.insert().values(user_id=user_id, **row))

    async def of(self, user_id: UUID) -> Profile:
        query = select(profiles, subject_keys.c.wrapped.label("wrapped_key")).join(
            subject_keys, subject_keys.c.subject_id == profiles.c.user_id
        )
        row = (await self._session.execute(query.where(profiles.c.user_id == user_id))).mappings().one_or_none()
        if row is None:
            raise NotFound(user_id=user_id)
        return self._vault.open(user_id, SealedProfile(**{name: row[name] for name in _SEALED}))

    async def replace(self, user_id: UUID, profile: Profile) -> None:
        wrapped = await wrapped_key(self._session, user_id)
        row = asdict(self._vault.seal(user_id, profile, wrapped))
        del row["wrapped_key"]
        await self._refuse_earlier_index(user_id, profile)
        with refuse_duplicates(UserExists, *UNIQUE_TO_ACCOUNT):
            await self._session.execute(update(profiles).where(profiles.c.user_id == user_id).values(row))

    async def holder_of_email(self, email: str) -> UUID | None:
        query = select(profiles.c.user_id).where(profiles.c.email_index.in_(self._vault.email_indexes(email)))
        return await self._session.scalar(query)

    async def holder_of_phone(self, phone: str) -> UUID | None:
        of = profiles.c
        query = select(of.user_id).where(of.phone_index == self._vault.phone_index(phone), of.phone_verified)
        return await self._session.scalar(query)

    async def all_with_phone(self, phone: str) -> Sequence[UUID]:
        query = select(profiles.c.user_id).where(profiles.c.phone_index == self._vault.phone_index(phone))
        return (await self._session.scalars(query.order_by(profiles.c.user_id))).all()

    async def _refuse_earlier_index(self, user_id: UUID, profile: Profile) -> None:
        """Refuse another user's address under the index of an earlier release, which the unique constraint does not cover."""
        if len(self._vault.email_indexes(profile.email)) > 1 and await self.holder_of_email(profile.email) not in (None, user_id):
            raise UserExists
