"""Second factors, and sign-ins that wait for one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import CursorResult, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.crypto import field_context
from identity.domain.code_failures import KEPT_FOR, RECOVERY_CODES
from identity.domain.errors import FactorExists
from identity.domain.passkey import Ceremony, Passkey
from identity.domain.sign_in_challenge import SignInChallenge
from identity.domain.totp import Totp
from identity.infrastructure.repositories.locks import Lock, hold
from identity.infrastructure.tables import (
    backup_codes,
    passkey_ceremonies,
    passkeys,
    second_factor_failures,
    sign_in_challenges,
    subject_keys,
    totps,
)
from identity.infrastructure.vault import Vault

_CREDENTIAL_KNOWN: Final = "passkeys_credential_id_key"


class SqlTotps:
    def __init__(self, session: AsyncSession, vault: Vault) -> None:
        self._session = session
        self._vault = vault

    async def add(self, totp: Totp, secret: str) -> None:
        await self.remove(totp.user_id)
        self._session.add(totp)
        await self._session.flush()
        sealer = self._vault.sealer_of(totp.user_id, await self._wrapped(totp.user_id))
        sealed = sealer.seal(secret.encode(), _context(totp.user_id))
        await self._session.execute(update(totps).where(totps.c.user_id == totp.user_id).values(secret=sealed))

    async def lock(self, user_id: UUID) -> tuple[Totp, str] | None:
        query = select(Totp).where(totps.c.user_id == user_id).with_for_update()
        totp = (await self._session.scalars(query)).one_or_none()
        if totp is None:
            return None
        sealed = await self._session.scalar(select(totps.c.secret).where(totps.c.user_id == user_id))
        sealer = self._vault.sealer_of(user_id, await self._wrapped(user_id))
        return totp, sealer.open(sealed or b"", _context(user_id)).decode()

    async def remove(self, user_id: UUID) -> None:
        # As a row that the session forgets: another may follow under the same key.
        known = await self._session.get(Totp, user_id)
        if known:
            await self._session.delete(known)
            await self._session.flush()

    async def _wrapped(self, user_id: UUID) -> bytes | None:
        return await self._session.scalar(select(subject_keys.c.wrapped).where(subject_keys.c.subject_id == user_id))


class SqlBackupCodes:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def replace(self, user_id: UUID, digests: Sequence[bytes], *, at: datetime) -> None:
        await self._session.execute(delete(backup_codes).where(backup_codes.c.user_id == user_id))
        if digests:
            rows = [{"user_id": user_id, "digest": digest, "created_at": at} for digest in digests]
            await self._session.execute(insert(backup_codes), rows)

    async def spend(self, user_id: UUID, digest: bytes, *, at: datetime) -> bool:
        of = backup_codes.c
        spent = update(backup_codes).where(of.user_id == user_id, of.digest == digest, of.used_at.is_(None)).values(used_at=at)
        result = await self._session.execute(spent)
        assert isinstance(result, CursorResult)  # noqa: S101  # what an UPDATE gives; for the type checker
        return result.rowcount == 1


class SqlPasskeys:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, passkey: Passkey) -> None:
        self._session.add(passkey)
        try:
            await self._session.flush()
        except IntegrityError as error:
            if getattr(getattr(error.orig, "diag", None), "constraint_name", None) == _CREDENTIAL_KNOWN:
                raise FactorExists from None
            raise

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


class SqlSignInChallenges:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, challenge: SignInChallenge) -> None:
        self._session.add(challenge)

    async def lock(self, digest: bytes) -> SignInChallenge | None:
        query = select(SignInChallenge).where(sign_in_challenges.c.digest == digest).with_for_update()
        return (await self._session.scalars(query)).one_or_none()


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


class SqlFactors:
    def __init__(self, session: AsyncSession, vault: Vault) -> None:
        self._session = session
        self.totps = SqlTotps(session, vault)
        self.backup_codes = SqlBackupCodes(session)
        self.passkeys = SqlPasskeys(session)
        self.ceremonies = SqlCeremonies(session)
        self.challenges = SqlSignInChallenges(session)
        self.failures = SqlFactorFailures(session)

    async def forget(self, user_id: UUID) -> None:
        # Challenges before what they are answered by, in the order in which a sign-in locks them.
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


def _context(user_id: UUID) -> bytes:
    return field_context("totps", "secret", str(user_id))
