from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from identity.application.notices import audit
from identity.application.notices.templates import find_template
from identity.application.ports.address_messages import AddressedText
from identity.application.ports.contacts import Contacts
from identity.application.ports.unit_of_work import UnitOfWork
from identity.domain.address_message import PER_HOUR_MAX
from identity.domain.errors import TooManyAttempts, UnknownTemplate
from identity.domain.notice import NoticeLanguage
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import InvalidValue

HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SendToAddress:
    """Queue a message to an address without an account. Repeating a key sends nothing."""

    uow: UnitOfWork
    contacts: Contacts
    clock: Clock

    async def __call__(
        self, *, caller: str, key: str, template: str, address: str, facts: Mapping[str, str], language: str
    ) -> None:
        """Raise UnknownTemplate, WrongFacts, InvalidEmail, InvalidValue, NoticeKeyReused, or TooManyAttempts for the address."""
        found = find_template(template)
        if not found.is_for_addresses:
            raise UnknownTemplate(template=template)
        found.require(facts)
        rendered = found.render(facts, _language(language))
        content = AddressedText(self.contacts.email(address), rendered.title, rendered.text)
        async with self.uow.begin(Actor.service(caller)) as tx:
            at = self.clock.now()
            message = tx.address_messages.seal(caller, key, template, content, at=at)
            stored = await tx.address_messages.add(message)
            if stored is message:
                if await tx.address_messages.count_to_same(message, since=at - HOUR) > PER_HOUR_MAX:
                    raise TooManyAttempts(retry_after_seconds=int(HOUR.total_seconds()))
                tx.record(audit.address_message_queued(message))
            else:
                stored.confirm_replay(message)


def _language(code: str) -> NoticeLanguage:
    try:
        return NoticeLanguage(code) if code else NoticeLanguage.ENGLISH
    except ValueError:
        raise InvalidValue(field="language", expected="a language of the platform") from None
