from dataclasses import dataclass

from identity.application.ports.contacts import Contacts
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.registration import audit
from identity.application.registration.one_time_codes import TARGET, Codes, DecoyMessage
from identity.application.registration.pending_change import ASKING_SESSION
from identity.application.registration.register_user import PendingVerification
from identity.application.registration.take_over_email import KEPT_SESSION
from identity.domain.message import Template
from identity.domain.one_time_code import Purpose
from kernel.actor import Actor
from kernel.assurance import RECENT
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class ChangeContact:
    """Send a code to a new e-mail address or number. It is taken over once the code is confirmed, while this session lives.

    For the present number it is a first verification. An address that is another's gets no code, and the answer does
    not tell.
    """

    uow: UnitOfWork
    contacts: Contacts
    codes: Codes
    clock: Clock

    async def email(self, *, actor: Actor, email: str, end_other_sessions: bool = True) -> PendingVerification:
        """Raise InvalidEmail, or StepUpRequired: a person with the mailbox can reset the password.

        `end_other_sessions`: whether all but the session that asks end by the change.
        """
        kept_session = str(actor.session_id) if end_other_sessions and actor.session_id else None
        return await self._issue(actor, Purpose.EMAIL, {"email": self.contacts.email(email), KEPT_SESSION: kept_session})

    async def phone(self, *, actor: Actor, phone: str) -> PendingVerification:
        """Raise InvalidPhone, or StepUpRequired."""
        return await self._issue(actor, Purpose.PHONE, {"phone": self.contacts.mobile(phone)})

    async def _issue(self, actor: Actor, purpose: Purpose, pending: dict[str, str | None]) -> PendingVerification:
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
            tx.record_bounded(audit.code_requested(code), account=user.id)
        return PendingVerification(code.id, code.expires_at)
