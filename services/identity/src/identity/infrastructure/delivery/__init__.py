"""Delivery of letters: by SMTP, by an HTTP gateway for text messages, or, locally, only to the developer's mailbox."""

from dataclasses import dataclass

from identity.application.ports.messages import MessageTransport
from identity.domain.message import Channel, Letter, Undeliverable


class MailboxOnly:
    """Accept every letter without sending it: a developer reads the stored messages."""

    async def deliver(self, letter: Letter) -> None:
        pass


class NoSmsGateway:
    """Reject text messages if no gateway is configured, so that telephone numbers stay unconfirmed."""

    async def deliver(self, letter: Letter) -> None:
        raise Undeliverable(letter.channel)


@dataclass(frozen=True, slots=True)
class TransportByChannel:
    email: MessageTransport
    sms: MessageTransport

    async def deliver(self, letter: Letter) -> None:
        await (self.sms if letter.channel is Channel.SMS else self.email).deliver(letter)
