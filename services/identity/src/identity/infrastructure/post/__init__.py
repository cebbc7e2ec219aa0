"""How letters leave: by SMTP, by an HTTP gateway for text messages, or, locally, only into the developer's mailbox."""

from dataclasses import dataclass

from identity.application.ports.messages import Post
from identity.domain.message import Channel, Letter, Undeliverable


class MailboxOnly:
    """Takes every letter and keeps none: what a developer reads are the messages themselves."""

    async def deliver(self, letter: Letter) -> None:
        pass


class NoWayOut:
    """Stands where no text messages can be sent: they are given up, so telephone numbers stay unconfirmed."""

    async def deliver(self, letter: Letter) -> None:
        raise Undeliverable(letter.channel)


@dataclass(frozen=True, slots=True)
class PostByChannel:
    email: Post
    sms: Post

    async def deliver(self, letter: Letter) -> None:
        await (self.sms if letter.channel is Channel.SMS else self.email).deliver(letter)
