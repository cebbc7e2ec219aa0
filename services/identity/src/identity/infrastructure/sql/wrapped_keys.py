"""Keys that are wrapped by the master key, and wrapped again when it is replaced."""

from uuid import UUID

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.crypto.sealing import UnsealableError
from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlTransaction
from chassis.process_settings import SettingRefused
from identity.application.ports.wrapped_keys import RewrappedBatch
from identity.infrastructure.signing_keys import SealedKeyMaker
from identity.infrastructure.sql.address_messages import address_messages
from identity.infrastructure.sql.erasures import receipt_keys
from identity.infrastructure.sql.signing_keys import signing_keys
from identity.infrastructure.sql.subject_keys import subject_keys
from identity.infrastructure.vault import Vault
from kernel.actor import Actor

_REWRAP = update(subject_keys).where(subject_keys.c.subject_id == bindparam("subject")).values(wrapped=bindparam("wrapped_anew"))
# The newest of each, because older rows may have a form of an earlier release.
_NEWEST_SIGNING_KEY = text("SELECT id, sealed_private FROM signing_keys ORDER BY id DESC LIMIT 1")
_NEWEST_PROFILE = text(
    """
    SELECT user_id, wrapped, email, email_index FROM profiles JOIN subject_keys ON subject_id = user_id
    ORDER BY user_id DESC LIMIT 1
    """
)
_OTHER_MASTER_KEY = (
    "ELCORP_MASTER_KEY does not open the keys in the database, so it is not the key that sealed them. Set that key; while it is "
    "being replaced, set the earlier key as ELCORP_OTHER_MASTER_KEY"
)
_OTHER_DIGEST_KEY = (
    "ELCORP_DIGEST_KEY (ELCORP_MASTER_KEY, if it is not set) is not the key of the digests in the database: nobody could sign "
    "in. Set the key that was used so far; a digest key never changes"
)


async def require_keys(database: Database, vault: Vault, key_maker: SealedKeyMaker) -> None:
    """Raise SettingRefused unless the master key and the digest key are those with which the database was written."""
    async with database.read() as connection:
        signing_key = (await connection.execute(_NEWEST_SIGNING_KEY)).one_or_none()
        profile = (await connection.execute(_NEWEST_PROFILE)).one_or_none()
    try:
        if signing_key:
            key_maker.reseal(signing_key.id, bytes(signing_key.sealed_private))
        email = vault.open_email(profile.user_id, bytes(profile.wrapped), bytes(profile.email)) if profile else None
    except UnsealableError:
        raise SettingRefused(_OTHER_MASTER_KEY) from None
    if profile and email and bytes(profile.email_index) not in {*vault.email_indexes(email), vault.folded_email_index(email)}:
        raise SettingRefused(_OTHER_DIGEST_KEY)


class SqlWrappedKeys:
    def __init__(self, session: AsyncSession, vault: Vault, key_maker: SealedKeyMaker) -> None:
        self._session = session
        self._vault = vault
        self._key_maker = key_maker

    async def rewrap_subjects(self, after: UUID, *, limit: int) -> RewrappedBatch:
        of = subject_keys.c
        # Lock the rows: a key that is destroyed meanwhile must not come back.
        query = (
            select(of.subject_id, of.wrapped).where(of.subject_id > after).order_by(of.subject_id).limit(limit).with_for_update()
        )
        rows = (await self._session.execute(query)).all()
        changes = [
            {"subject": row.subject_id, "wrapped_anew": wrapped}
            for row in rows
            if (wrapped := self._vault.rewrap(row.subject_id, row.wrapped))
        ]
        if changes:
            # Use Core to execute many statements: the ORM requires the whole row of each.
            connection = await self._session.connection()
            await connection.execute(_REWRAP, changes)
        return RewrappedBatch(rows[-1].subject_id if rows else None, len(changes))

    async def rewrap_own(self) -> int:
        of_tokens, of_receipts = signing_keys.c.sealed_private, receipt_keys.c.sealed_seed
        count = 0
        for id_, sealed in (await self._session.execute(select(signing_keys.c.id, of_tokens).with_for_update())).all():
            if anew := self._key_maker.reseal(id_, sealed):
                await self._session.execute(update(signing_keys).where(signing_keys.c.id == id_).values(sealed_private=anew))
                count += 1
        for id_, sealed in (await self._session.execute(select(receipt_keys.c.id, of_receipts).with_for_update())).all():
            if anew := self._vault.reseal_receipt_key(id_, sealed):
                await self._session.execute(update(receipt_keys).where(receipt_keys.c.id == id_).values(sealed_seed=anew))
                count += 1
        held = select(address_messages.c.id, address_messages.c.wrapped).where(address_messages.c.wrapped.is_not(None))
        for id_, wrapped in (await self._session.execute(held.with_for_update())).all():
            if anew := self._vault.rewrap(id_, wrapped):
                await self._session.execute(update(address_messages).where(address_messages.c.id == id_).values(wrapped=anew))
                count += 1
        return count


class SqlKeyTransaction(SqlTransaction):
    def __init__(self, session: AsyncSession, actor: Actor, *, vault: Vault, key_maker: SealedKeyMaker) -> None:
        super().__init__(session, actor)
        self.wrapped_keys = SqlWrappedKeys(session, vault, key_maker)
