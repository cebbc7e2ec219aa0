from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.application.device_keys.revoke_keys import revoke_keys
from identity.application.factors.outdated_tokens import outdate_tokens
from identity.application.passwords.new_password import NewPassword
from identity.application.ports.attempts import AttemptLimits
from identity.application.ports.one_time_secrets import OneTimeSecrets
from identity.application.ports.passwords import PasswordHasher, PasswordHashes
from identity.application.ports.revocations import Revocations
from identity.application.ports.session_rules import UserSessionsEnder
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.application.recovery import audit
from identity.domain.device_key import RevokeReason
from identity.domain.email_undo import EmailUndo
from identity.domain.errors import FormerAddressTaken, InvalidCredentials, InvalidUndoLink, TooManyAttempts, UserExists
from identity.domain.message import Template
from identity.domain.password_policy import normalise
from identity.domain.recovery_request import APPROVAL_KIND
from identity.domain.session import EndReason
from identity.domain.user import User
from kernel.actor import Actor
from kernel.approvals import ApprovalState
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class UndoEmailChange:
    """Restore the former address with the link in its mailbox and a password from before the change.

    This also works on a suspended or deleted account, which stays so: a thief may have caused that status.

    A thief with a session does not have the former mailbox. A stranger who reads the former mailbox, perhaps the reason for the
    change, has no password: passwords that the owner gave up before the change on a long-known device, and all earlier ones, are
    not accepted (ADR 0025).
    All sessions end, waiting codes and links become void, and the password is disabled, because a thief may know it. The owner
    chooses the next one by a reset at the restored address, which does not bypass a second factor. Recently added passkeys are
    removed and recently registered device keys revoked. Transfers that a thief has scheduled stay: the owner cancels them.
    Links of later changes become void, because they are in the thief's mailboxes. Links of earlier changes stay valid.
    """

    uow: UnitOfWork
    hashes: PasswordHashes
    secrets: OneTimeSecrets
    passwords: PasswordHasher
    new_password: NewPassword
    generate_password: Callable[[], str]
    attempts: AttemptLimits
    end_sessions: UserSessionsEnder
    revocations: Revocations
    clock: Clock

    async def __call__(self, *, actor: Actor, token: str, password: str) -> None:
        """Raise InvalidUndoLink, or InvalidCredentials or TooManyAttempts, after which the link stays valid.

        Raise FormerAddressTaken if another account has the address now; the link stays valid, too. Raise Unavailable if
        hashing is at its limit.
        """
        digest = self.secrets.digest(token)
        undo = await self._find_undo(actor, digest)
        await self._require_password(actor, undo, password)
        password_hash = await self.passwords.hash(self.generate_password())
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            # Lock the user first, as everywhere. Then check the link again: another request may have used it meanwhile.
            user = await tx.users.lock(undo.user_id)
            found = await tx.email_undos.lock(digest)
            if user is None or user.is_closed_permanently or found is None or not found[0].use(at=at):
                raise InvalidUndoLink(field="token")
            await self._restore(tx, user, *found, password_hash, at)

    async def _find_undo(self, actor: Actor, digest: bytes) -> EmailUndo:
        async with self.uow.begin(actor) as tx:
            found = await tx.email_undos.lock(digest)
            if found is None or not found[0].is_open(at=self.clock.now()):
                raise InvalidUndoLink(field="token")
            return found[0]

    async def _require_password(self, actor: Actor, undo: EmailUndo, password: str) -> None:
        try:
            # Count per link, which only its mailbox has: thieves cannot use up the owner's attempts with a link of their own.
            await self.attempts.admit(f"undo:{undo.id}", actor.ip)
        except TooManyAttempts:
            await self._record_refusal(actor, undo.user_id, "throttled")
            raise
        hashes = await self.hashes.password_hashes_held(undo.user_id, at=undo.created_at, replaced_since=undo.passwords_since)
        secret = normalise(password)
        for password_hash in hashes:
            if (await self.passwords.verify(password_hash, secret)).matches:
                return
        # Each failure costs hashes, and a thief may have many links.
        await self.attempts.fail(actor.ip)
        await self._record_refusal(actor, undo.user_id, "wrong_password")
        raise InvalidCredentials

    async def _restore(self, tx: Transaction, user: User, undo: EmailUndo, email: str, password_hash: str, at: datetime) -> None:
        # Sent to the address that is being replaced, which may be the owner's after all.
        await tx.messages.send(user.id, Template.EMAIL_RESTORED)
        await _restore_address(tx, user, email)
        # The link was received at this address.
        user.verify_email(at=at)
        await self.new_password.set(tx, user, password_hash, at=at)
        await tx.one_time_codes.forget(user.id)
        voided = await tx.recovery_requests.void(user.id, at=at)
        await tx.approvals.close_of(APPROVAL_KIND, voided, ApprovalState.WITHDRAWN, at=at)
        passkeys = await self._remove_passkeys(tx, user, undo, at)
        since = undo.suspect_since
        keys = await revoke_keys(tx, user.id, RevokeReason.EMAIL_CHANGE_UNDONE, at=at, registered_since=since)
        await tx.email_undos.void(user.id, created_since=undo.created_at, at=at)
        ended = await self.end_sessions(tx, user.id, EndReason.EMAIL_CHANGED, at=at)
        await tx.messages.send(user.id, Template.PASSWORD_RESET_REQUIRED)
        counts = {"sessions_ended": ended, "passkeys_removed": passkeys, "device_keys_revoked": len(keys)}
        tx.record(audit.email_change_undone(user, undo, counts, at=at))
        outdate_tokens(tx, self.revocations, user, at=at)

    async def _remove_passkeys(self, tx: Transaction, user: User, undo: EmailUndo, at: datetime) -> int:
        """Remove the passkeys that a thief may have added, because a passkey alone signs in. Return how many.

        The account keeps its second factor. An owner without another one requests recovery, which requires another person's
        decision; otherwise a reader of the former mailbox could bypass the second factor.
        """
        added = [passkey for passkey in await tx.factors.passkeys.of(user.id) if passkey.created_at >= undo.suspect_since]
        for passkey in added:
            await tx.factors.passkeys.remove(passkey)
            await tx.messages.send(user.id, Template.FACTOR_REMOVED, factor="passkey")
        if added:
            user.lose_factor(last=False, at=at)
        return len(added)

    async def _record_refusal(self, actor: Actor, user_id: UUID, reason: str) -> None:
        async with self.uow.begin(actor) as tx:
            tx.tally(audit.email_undo_refused(user_id, reason=reason, at=self.clock.now()))


async def _restore_address(tx: Transaction, user: User, email: str) -> None:
    """Restore the former address, unless another account has it: the owner's next account, or a stranger's.

    Both have received a code there, so they cannot be distinguished. The other account's user frees the address by changing it.
    """
    profile = await tx.profiles.of(user.id)
    try:
        await tx.profiles.replace(user.id, profile.with_email(email))
    except UserExists:
        raise FormerAddressTaken(user_id=user.id) from None
