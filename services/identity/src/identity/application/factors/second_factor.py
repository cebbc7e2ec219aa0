"""What every use case does that asks for a code, or changes which factors a user has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from uuid import UUID

from identity.application.factors import audit
from identity.application.ports.factors import BackupCodeMaker, TotpCodes
from identity.application.ports.revocations import Revocations
from identity.application.ports.unit_of_work import Transaction
from identity.application.sessions import audit as session_audit
from identity.application.sessions.end_sessions import ACCESS_TOKEN_LIFE_MAX, end_all, revoke_all
from identity.domain import code_failures
from identity.domain.errors import InvalidCredentials, TooManyAttempts
from identity.domain.message import Template
from identity.domain.session import EndReason, Session
from identity.domain.user import User
from kernel.actor import Actor
from kernel.assurance import RECENT


@dataclass(frozen=True, slots=True)
class CodeCheck:
    """Tell which second factor a code is of, and use it up. `counter` is what failures count under (code_failures.py)."""

    totp: TotpCodes
    backup: BackupCodeMaker

    async def __call__(self, tx: Transaction, user_id: UUID, code: str, *, counter: str, at: datetime) -> str | None:
        """Return "totp" or "backup_code", None for a wrong or used code. Raises TooManyAttempts."""
        await admit(tx, user_id, counter=counter, at=at)
        shown = await self._factor_of(tx, user_id, code, at)
        if shown:
            await tx.factors.failures.forget(user_id, counter=counter)
            tx.record_bounded(audit.second_factor_shown(user_id, shown, at=at), account=user_id)
        else:
            await note_failure(tx, user_id, counter=counter, at=at)
        return shown

    async def _factor_of(self, tx: Transaction, user_id: UUID, code: str, at: datetime) -> str | None:
        if code.isdecimal():
            found = await tx.factors.totps.lock(user_id)
            step = self.totp.step_of(found[1], code, at=at) if found else None
            return "totp" if found and step is not None and found[0].accept(step) else None
        spent = await tx.factors.backup_codes.spend(user_id, self.backup.digest(user_id, code), at=at)
        return "backup_code" if spent else None


async def admit(tx: Transaction, user_id: UUID, *, counter: str, at: datetime) -> None:
    """Raise TooManyAttempts after too many failures under this counter; tries at once are counted one after another."""
    failures = await tx.factors.failures.lock_latest(user_id, counter, limit=code_failures.IN_A_ROW_MAX)
    if wait := code_failures.wait_after(failures, at=at):
        raise TooManyAttempts(retry_after_seconds=ceil(wait.total_seconds()))


async def note_failure(tx: Transaction, user_id: UUID, *, counter: str, at: datetime, factor: str = "code") -> None:
    await tx.factors.failures.note(user_id, counter, at=at)
    tx.record_bounded(audit.second_factor_failed(user_id, at=at, factor=factor), account=user_id)


async def lock_to_change(tx: Transaction, actor: Actor, *, at: datetime) -> User:
    """Lock the caller, who changes their factors; who has one must have shown two just now (ASVS 7.5.1).

    Raises StepUpRequired, or InvalidCredentials for a user who may not act.
    """
    user = await tx.users.lock(actor.user_id)
    if user is None or not user.is_active:
        raise InvalidCredentials
    RECENT.require(actor, at=at, factors=user.factors)
    return user


async def end_others(tx: Transaction, actor: Actor, user: User, *, wanted: bool, at: datetime) -> Sequence[Session]:
    """End the user's sessions but the one that changes their factors, where that is wanted (ASVS 7.4.3).

    Whoever else is signed in was let in by what the user no longer relies on. Revoke each after the commit.
    """
    return await end_all(tx, user.id, EndReason.FACTOR_CHANGED, at, except_session=actor.session_id) if wanted else ()


async def note_added(tx: Transaction, user: User, factor: str, *, sessions_ended: int, at: datetime) -> None:
    user.gain_factor(at=at)
    tx.record(audit.factor_added(user.id, factor, sessions_ended=sessions_ended, at=at))
    await tx.messages.send(user.id, Template.FACTOR_ADDED, factor=factor)


async def settle_removal(
    tx: Transaction, user: User, factor: str, *, ended: Sequence[Session], passkey_id: UUID | None = None, at: datetime
) -> Sequence[Session]:
    """Withdraw a factor that was removed from the sessions that go on, and record it; with the last one the backup codes go.

    `ended` are the sessions that its removal ended. Returns these and those that rested on the factor alone: revoke each
    after the commit.
    """
    totp = await tx.factors.totps.lock(user.id)
    codes_go = passkey_id is None
    last = not (totp and totp[0].is_confirmed) and not await tx.factors.passkeys.of(user.id)
    if last:
        await tx.factors.backup_codes.replace(user.id, (), at=at)
        codes_go = True
    user.lose_factor(last=last, at=at)
    ended = (*ended, *await _withdraw(tx, user.id, codes=codes_go, passkey_id=passkey_id, at=at))
    tx.record(audit.factor_removed(user.id, factor, sessions_ended=len(ended), at=at))
    await tx.messages.send(user.id, Template.FACTOR_REMOVED, factor=factor)
    return ended


async def take_effect(revocations: Revocations, user: User, ended: Sequence[Session], *, at: datetime) -> None:
    """Tell services of a change of factors that is committed: which sessions it ended, and which tokens prove nothing now.

    A change that made nothing untrue raised no version: what it writes outdates nothing.
    """
    await revoke_all(revocations, ended, at=at)
    await revocations.try_change_factors(user.id, user.factors, changed_at=at)


async def _withdraw(tx: Transaction, user_id: UUID, *, codes: bool, passkey_id: UUID | None, at: datetime) -> Sequence[Session]:
    """Leave what was removed out of all live sessions' proofs. End the sessions that then rest on nothing, and return them."""
    ended = []
    for session in await tx.sessions.lock_all_live(user_id):
        before = session_audit.session_state(session)
        holds = session.withdraw_codes() if codes else True
        if not (holds and (passkey_id is None or session.withdraw_passkey(passkey_id))):
            session.end(EndReason.FACTOR_CHANGED, at=at, access_token_life=ACCESS_TOKEN_LIFE_MAX)
            tx.record_bounded(session_audit.session_ended(session, before=before, at=at), account=user_id)
            ended.append(session)
        elif session_audit.session_state(session) != before:
            tx.record_bounded(session_audit.proof_withdrawn(session, before=before, at=at), account=user_id)
    return ended
