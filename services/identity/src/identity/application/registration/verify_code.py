"""The common part of verifying an e-mail address and a telephone number."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.application.ports.one_time_codes import Pending
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.application.registration import audit
from identity.application.registration.one_time_codes import CodeIssuer
from identity.application.registration.verification import VerificationResult
from identity.domain.errors import InvalidCode
from identity.domain.one_time_code import OneTimeCode, Purpose
from kernel.actor import Actor
from kernel.clock import Clock

# Does the pending operation in the code's transaction. Returns None if it may no longer happen.
Effect = Callable[[Transaction, OneTimeCode, Pending, datetime], Awaitable[VerificationResult | None]]


@dataclass(frozen=True, slots=True)
class VerifyCode:
    """Use a one-time code of one of the purposes in `effects`.

    Every failure gets the same answer and is counted first.
    """

    uow: UnitOfWork
    codes: CodeIssuer
    clock: Clock

    async def __call__(
        self, effects: Mapping[Purpose, Effect], *, actor: Actor, verification_id: UUID, code: str
    ) -> VerificationResult:
        """Raise InvalidCode, or UserExists if another user verified the same details first."""
        at = self.clock.now()
        result = None
        async with self.uow.begin(actor) as tx:
            found = await tx.one_time_codes.lock(verification_id)
            if found and found[0].purpose in effects:
                one_time, pending = found
                if one_time.accept(self.codes.digest_of(one_time.id, code), at=at):
                    result = await effects[one_time.purpose](tx, one_time, pending, at)
                    await tx.one_time_codes.settle(one_time)
                if result:
                    tx.record(audit.code_accepted(one_time, at=at))
                else:
                    tx.tally(audit.code_refused(one_time, at=at))
        if result is None:
            raise InvalidCode
        return result
