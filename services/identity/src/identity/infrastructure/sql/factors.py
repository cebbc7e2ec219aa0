"""Second factors."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    CursorResult,
    ForeignKey,
    LargeBinary,
    Table,
    Text,
    delete,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.crypto import field_context
from identity.application.factors.views import FactorsView, PasskeyView
from identity.domain.code_failures import KEPT_FOR, RECOVERY_CODES
from identity.domain.totp import Totp
from identity.infrastructure.sql.advisory_lock import Lock, hold
from identity.infrastructure.sql.mapping import mapper, metadata, timestamp
from identity.infrastructure.sql.passkeys import SqlCeremonies, SqlPasskeyRepository, passkey_ceremonies, passkeys
from identity.infrastructure.sql.reads import SealedReads
from identity.infrastructure.sql.sign_in_challenges import SqlSignInChallenges, sign_in_challenges
from identity.infrastructure.sql.subject_keys import find_wrapped_key
from identity.infrastructure.sql.users import users
from identity.infrastructure.vault import Vault

totps = Table(
    "totps",
    metadata,
    Column("user_id", ForeignKey(users.c.id), primary_key=True),
    Column("secret", LargeBinary),
    Column("created_at", timestamp(), nullable=False),
    Column("confirmed_at", timestamp()),
    Column("last_step", BigInteger, nullable=False),
)
backup_codes = Table(
    "backup_codes",
    metadata,
    Column("user_id", ForeignKey(users.c.id), primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("created_at", timestamp(), nullable=False),
    Column("used_at", timestamp()),
)
second_factor_failures = Table(
    "second_factor_failures",
    metadata,
    Column("user_id", ForeignKey(users.c.id), nullable=False),
    Column("counter", Text, nullable=False),
    Column("failed_at", timestamp(), nullable=False),
)
# The vault seals and opens the secret of an app.
mapper.map_imperatively(Totp, totps, exclude_properties=("secret",))

_FACTORS = text(
    """
    SELECT (SELECT confirmed_at FROM totps WHERE user_id = :user_id) AS totp_confirmed_at,
           (SELECT count(*) FROM backup_codes WHERE user_id = :user_id AND used_at IS NULL) AS backup_codes_left
    """
)
_PASSKEYS = text(
    """
    SELECT p.id, p.name, p.backed_up, p.created_at, p.last_used_at, p.flagged_at, k.wrapped
    FROM passkeys p JOIN subject_keys k ON k.subject_id = p.user_id WHERE p.user_id = :user_id ORDER BY p.created_at, p.id
    """
)


class SqlTotps:
    def __init__(self, session: AsyncSession, vault: Vault) -> None:
        self._session = session
        self._vault = vault

    async def add(self, totp: Totp, secret: str) -> None:
        await self.remove(totp.user_id)
        self._session.add(totp)
        await self._session.flush()
        sealer = self._vault.sealer_of(totp.user_id, await find_wrapped_key(self._session, totp.user_id))
        sealed = sealer.seal(secret.encode(), _context(totp.user_id))
        await self._session.execute(update(totps).where(totps.c.user_id == totp.user_id).values(secret=sealed))

    async def lock(self, user_id: UUID) -> tuple[Totp, str] | None:
        query = select(Totp).where(totps.c.user_id == user_id).with_for_update()
        totp = (await self._session.scalars(query)).one_or_none()
        if totp is None:
            return None
        sealed = await self._session.scalar(select(totps.c.secret).where(totps.c.user_id == user_id))
        sealer = self._vault.sealer_of(user_id, await find_wrapped_key(self._session, user_id))
        return totp, sealer.open(sealed or b"", _context(user_id)).decode()

    async def remove(self, user_id: UUID) -> None:
        # Delete it through the session, which then forgets it: another may follow under the same key.
        known = await self._session.get(Totp, user_id)
        if known:
            await self._session.delete(known)
            await self._session.flush()


class SqlBackupCodes:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def replace(self, user_id: UUID, digests: Sequence[bytes], *, at: datetime) -> None:
        await self._session.execute(delete(backup_codes).where(backup_codes.c.user_id == user_id))
        if digests:
            rows = [{"user_id": user_id, "digest": digest, "created_at": at} for digest in digests]
            await self._session.execute(insert(backup_codes), rows)

    async def use(self, user_id: UUID, digest: bytes, *, at: datetime) -> bool:
        of = backup_codes.c
        spent = update(backup_codes).where(of.user_id == user_id, of.digest == digest, of.used_at.is_(None)).values(used_at=at)
        result = await self._session.execute(spent)
        assert isinstance(result, CursorResult)  # noqa: S101  # what an UPDATE gives; for the type checker
        return result.rowcount == 1


class SqlFactorFailures:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def note(self, user_id: UUID, counter: str, *, at: datetime) -> None:
        of = second_factor_failures.c
        await self._session.execute(delete(second_factor_failures).where(of.user_id == user_id, of.failed_at <= at - KEPT_FOR))
        await self._session.execute(insert(second_factor_failures), [{"user_id": user_id, "counter": counter, "failed_at": at}])

    async def lock_latest(self, user_id: UUID, counter: str, *, limit: int) -> Sequence[datetime]:
        # Not the user's row: a sign-in holds its challenge here, and others lock user and challenge in the other order.
        await hold(self._session, Lock.FAILURES, user_id.bytes)
        of = second_factor_failures.c
        query = select(of.failed_at).where(of.user_id == user_id, of.counter == counter)
        return (await self._session.scalars(query.order_by(of.failed_at.desc()).limit(limit))).all()

    async def forget(self, user_id: UUID, *, counter: str | None = None) -> None:
        of = second_factor_failures.c
        which = of.counter == counter if counter else of.counter != RECOVERY_CODES
        await self._session.execute(delete(second_factor_failures).where(of.user_id == user_id, which))


class SqlFactorRepository:
    def __init__(self, session: AsyncSession, vault: Vault) -> None:
        self._session = session
        self.totps = SqlTotps(session, vault)
        self.backup_codes = SqlBackupCodes(session)
        self.passkeys = SqlPasskeyRepository(session)
        self.ceremonies = SqlCeremonies(session)
        self.challenges = SqlSignInChallenges(session)
        self.failures = SqlFactorFailures(session)

    async def forget(self, user_id: UUID) -> None:
        # Challenges before the factors that answer them, in the order in which a sign-in locks them.
        for table in (sign_in_challenges, passkey_ceremonies, passkeys, backup_codes, second_factor_failures):
            await self._session.execute(delete(table).where(table.c.user_id == user_id))
        await self.totps.remove(user_id)

    async def purge(self, expired_before: datetime) -> int:
        dropped = 0
        for table in (sign_in_challenges, passkey_ceremonies):
            result = await self._session.execute(delete(table).where(table.c.expires_at < expired_before))
            assert isinstance(result, CursorResult)  # noqa: S101  # what a DELETE gives; for the type checker
            dropped += result.rowcount
        return dropped


class SqlFactorViews(SealedReads):
    async def factors_of(self, user_id: UUID) -> FactorsView:
        (row,) = await self._rows(_FACTORS, user_id=user_id)
        passkeys = [self._passkey(user_id, each) for each in await self._rows(_PASSKEYS, user_id=user_id)]
        return FactorsView(row.totp_confirmed_at, row.backup_codes_left, passkeys)

    def _passkey(self, user_id: UUID, row: Any) -> PasskeyView:
        name = self._vault.open_item_name(user_id, row.wrapped, row.id, row.name)
        return PasskeyView(row.id, name, *row[2:6])


def _context(user_id: UUID) -> bytes:
    return field_context("totps", "secret", str(user_id))
