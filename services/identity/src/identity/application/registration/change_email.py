from dataclasses import dataclass

from identity.application.ports.contacts import Contacts
from identity.application.registration.contact_codes import SendContactCode
from identity.application.registration.take_over_email import KEPT_SESSION
from identity.application.registration.verification import PendingVerification
from identity.domain.one_time_code import Purpose
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class ChangeEmail:
    """Send a code to the caller's new e-mail address, which replaces the present one once the code is verified."""

    contacts: Contacts
    send_code: SendContactCode

    async def __call__(self, *, actor: Actor, email: str, end_other_sessions: bool = True) -> PendingVerification:
        """Raise InvalidEmail, or StepUpRequired: a person with the mailbox can reset the password.

        `end_other_sessions`: whether the change ends all sessions but the current one.
        """
        kept_session = str(actor.session_id) if end_other_sessions and actor.session_id else None
        pending = {"email": self.contacts.email(email), KEPT_SESSION: kept_session}
        return await self.send_code(Purpose.EMAIL, pending, actor=actor)
