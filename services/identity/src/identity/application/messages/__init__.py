"""Messages to users: the table of contents. Use cases of other nouns send them; the `jobs` process delivers them."""

from dataclasses import dataclass

from identity.application.messages.list_delivered_messages import ListDeliveredMessages


@dataclass(frozen=True, slots=True)
class Messages:
    list_delivered_messages: ListDeliveredMessages
