"""Users, sealed profiles and wallet addresses."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from identity.domain.email_undo import PASSWORDS_KEPT_FOR
from identity.domain.errors import AccountExists
from identity.domain.profile import Profile
from identity.domain.user import EARLIER_KEPT, InitialRole, User
from identity.domain.wallet_address import WalletAddress
from identity.infrastructure.repositories.locks import Lock, hold
from identity.infrastructure.tables import password_history, profiles, subject_keys, users, wallet_addresses
from identity.infrastructure.vault import SealedProfile, Vault
from kernel.assurance import Factors
from kernel.errors import NotFound

_SEALED: Final = tuple(part.name for part in fields(SealedProfile))
# What two accounts may not share; telephone numbers once they are verified.
_UNIQUE: Final = frozenset({"users_username_key", "profiles_email_index_key", "profiles_phone_index_key"})


class SqlUsers:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, user: User) -> None:
        self._session.add(user)
        with _refusing_twins():
            # Now, not at the end: what refers to the user follows within the transaction.
            await self._session.flush()

    async def lock(self, user_id: UUID) -> User | None:
        # NO KEY: sessions and devices that only refer to the user need not wait.
        query = select(User).where(users.c.id == user_id).with_for_update(key_share=True)
        return (await self._session.scalars(query)).one_or_none()

    async def factors_of(self, user_id: UUID) -> Factors:
        query = select(users.c.factors_version, users.c.second_factor_since.is_not(None)).where(users.c.id == user_id)
        row = (await self._session.execute(query)).one_or_none()
        if row is None:
            raise NotFound(user_id=user_id)
        return Factors(row[0], has_second=row[1])

    async def holder_of(self, username: str) -> UUID | None:
        return await self._session.scalar(select(users.c.id).where(users.c.username == username))

    async def flush(self) -> None:
        with _refusing_twins():
            await self._session.flush()

    async def lock_administrators(self) -> bool:
        await hold(self._session, Lock.ADMINISTRATORS)
        query = select(exists().where(users.c.initial_role == InitialRole.ADMIN))
        return bool(await self._session.scalar(query))


class SqlProfiles:
    def __init__(self, session: AsyncSession, vault: Vault) -> None:
        self._session = session
        self._vault = vault

    async def add(self, user_id: UUID, profile: Profile) -> None:
        row = asdict(self._vault.seal(user_id, profile))
        key = {"subject_id": user_id, "wrapped": row.pop("wrapped_key")}
        await self._session.execute(subject_keys.insert().values(key))
        await self._refuse_earlier_index(user_id, profile)
        with _refusing_twins():
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
        query = select(subject_keys.c.wrapped).where(subject_keys.c.subject_id == user_id)
        wrapped = await self._session.scalar(query)
        if wrapped is None:
            raise NotFound(user_id=user_id)
        row = asdict(self._vault.seal(user_id, profile, wrapped))
        del row["wrapped_key"]
        await self._refuse_earlier_index(user_id, profile)
        with _refusing_twins():
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
        """Refuse an address that another has under the index of an earlier release: the unique constraint does not see it."""
        if len(self._vault.email_indexes(profile.email)) > 1 and await self.holder_of_email(profile.email) not in (None, user_id):
            raise AccountExists


class SqlPasswordHistory:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, user_id: UUID, password_hash: str, *, replaced_at: datetime, from_known_device: bool = False) -> None:
        of = password_history.c
        row = {
            "user_id": user_id,
            "password_hash": password_hash,
            "replaced_at": replaced_at,
            "from_known_device": from_known_device,
        }
        await self._session.execute(password_history.insert().values(row))
        kept = select(of.replaced_at).where(of.user_id == user_id).order_by(of.replaced_at.desc()).limit(EARLIER_KEPT)
        # Or a thief who changes the password five times would leave its owner none by which to undo a change of address.
        is_past = of.replaced_at < replaced_at - PASSWORDS_KEPT_FOR
        await self._session.execute(delete(password_history).where(of.user_id == user_id, of.replaced_at.not_in(kept), is_past))


class SqlWalletAddresses:
    def __init__(self, session: AsyncSession, vault: Vault) -> None:
        self._session = session
        self._vault = vault

    def add(self, address: WalletAddress) -> None:
        self._session.add(address)

    async def lock(self, address: UUID) -> WalletAddress | None:
        query = select(WalletAddress).where(wallet_addresses.c.address == address).with_for_update()
        return (await self._session.scalars(query)).one_or_none()

    async def count_live(self, user_id: UUID) -> int:
        of = wallet_addresses.c
        query = select(func.count()).where(of.user_id == user_id, of.retired_at.is_(None))
        return await self._session.scalar(query) or 0

    async def label(self, address: WalletAddress, label: str | None) -> None:
        await self._session.flush()
        query = select(subject_keys.c.wrapped).where(subject_keys.c.subject_id == address.user_id)
        wrapped = await self._session.scalar(query)
        if wrapped is None:
            raise NotFound(user_id=address.user_id)
        sealed = self._vault.seal_label(address.user_id, wrapped, address.address, label) if label is not None else None
        where = wallet_addresses.c.address == address.address
        await self._session.execute(update(wallet_addresses).where(where).values(label=sealed))


@contextmanager
def _refusing_twins() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if getattr(getattr(error.orig, "diag", None), "constraint_name", None) in _UNIQUE:
            # Which of them it was would tell a stranger whose account exists.
            raise AccountExists from None
        raise
