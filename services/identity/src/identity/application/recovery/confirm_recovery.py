"""Confirmation of a recovery request by the account's mailbox, or by an operator who has seen the owner in person."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.application.factors.code_attempts import admit
from identity.application.ports.one_time_codes import Pending
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.application.recovery import audit
from identity.application.recovery.confirmation import confirm
from identity.application.registration.audit import code_accepted, code_refused
from identity.application.registration.one_time_codes import CodeIssuer
from identity.application.registration.pending_change import RECOVERY_REQUEST, is_still_pending
from identity.domain.code_failures import RECOVERY_CODES
from identity.domain.errors import InvalidCode
from identity.domain.one_time_code import OneTimeCode, Purpose
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class ConfirmRecovery:
    """Confirm a request with the code that the account's mailbox received and the code's id, which the mail does not contain.

    Every failure gets the same answer and is counted first: for the code, and for the account, which may have many requests. A
    request that was made with a previous password can no longer be confirmed.
    """

    uow: UnitOfWork
    codes: CodeIssuer
    clock: Clock

    async def __call__(self, *, actor: Actor, verification_id: UUID, code: str) -> None:
        """Raise InvalidCode, RecoveryPending if another request was confirmed first, or TooManyAttempts."""
        at, confirmed = self.clock.now(), False
        async with self.uow.begin(actor) as tx:
            found = await tx.one_time_codes.lock(verification_id)
            if found and found[0].purpose is Purpose.RECOVERY:
                confirmed = await self._confirm(tx, *found, code, actor, at)
        if not confirmed:
            raise InvalidCode

    async def _confirm(
        self, tx: Transaction, one_time: OneTimeCode, pending: Pending, code: str, actor: Actor, at: datetime
    ) -> bool:
        user = await tx.users.lock(one_time.user_id)
        await admit(tx, one_time.user_id, counter=RECOVERY_CODES, at=at)
        # Check this before the code, or a right code would be used up while the account is suspended.
        waits = user is not None and user.is_active and await is_still_pending(tx, one_time, pending, at=at)
        if user is None or not waits or not one_time.accept(self.codes.digest_of(one_time.id, code), at=at):
            await tx.factors.failures.note(one_time.user_id, RECOVERY_CODES, at=at)
            tx.tally(code_refused(one_time, at=at))
            return False
        request = await confirm(tx, UUID(pending[RECOVERY_REQUEST] or ""), actor=actor, at=at)
        await tx.one_time_codes.settle(one_time)
        await tx.factors.failures.forget(user.id, counter=RECOVERY_CODES)
        tx.record(code_accepted(one_time, at=at))
        tx.record(audit.recovery_confirmed(request, at=at))
        return True
