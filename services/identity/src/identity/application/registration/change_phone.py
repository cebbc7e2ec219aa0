from dataclasses import dataclass

from identity.application.ports.contacts import Contacts
from identity.application.registration.contact_codes import SendContactCode
from identity.application.registration.verification import PendingVerification
from identity.domain.one_time_code import Purpose
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class ChangePhone:
    """Send a code to the caller's present or new telephone number. The code verifies it."""

    contacts: Contacts
    send_code: SendContactCode

    async def __call__(self, *, actor: Actor, phone: str) -> PendingVerification:
        """Raise InvalidPhone, or StepUpRequired."""
        return await self.send_code(Purpose.PHONE, {"phone": self.contacts.mobile(phone)}, actor=actor)
