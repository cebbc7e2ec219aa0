"""The common part of changing an e-mail address and a telephone number."""

from dataclasses import dataclass

from identity.application.ports.one_time_codes import Pending
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.registration import audit
from identity.application.registration.one_time_codes import TARGET, CodeIssuer, DecoyMessage
from identity.application.registration.pending_change import ASKING_SESSION
from identity.application.registration.verification import PendingVerification
from identity.domain.message import Template
from identity.domain.one_time_code import Purpose
from kernel.actor import Actor
from kernel.assurance import RECENT
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class SendContactCode:
    """Send a code to a new e-mail address or number. Entering the code while this session is live replaces the current one.

    A current number can be verified for the first time this way. Another user's address gets no code, and the response does not
    reveal that.
    """

    uow: UnitOfWork
    codes: CodeIssuer
    clock: Clock

    async def __call__(self, purpose: Purpose, pending: Pending, *, actor: Actor) -> PendingVerification:
        """Raise StepUpRequired, or NotFound for an inactive user."""
        at = self.clock.now()
        pending = {**pending, ASKING_SESSION: str(actor.session_id)}
        async with self.uow.begin(actor) as tx:
            user = await tx.users.lock(actor.user_id)
            if user is None or not user.is_active:
                raise NotFound(user_id=actor.user_id)
            RECENT.require(actor, at=at, factors=user.factors)
            if purpose is Purpose.EMAIL:
                holder = await tx.profiles.holder_of_email(pending["email"] or "")
            else:
                holder = await tx.profiles.holder_of_phone(pending["phone"] or "")
            target = pending[TARGET[purpose]]
            instead = DecoyMessage(user.id, Template.DECOY, target) if holder not in (None, user.id) else None
            code = await self.codes.issue(tx, purpose, user_id=user.id, pending=pending, at=at, instead=instead)
            tx.record_bounded(audit.code_requested(code), user_id=user.id)
        return PendingVerification(code.id, code.expires_at)
