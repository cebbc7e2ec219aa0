"""Messages, as far as the API reads them. The `jobs` process delivers them."""

from identity.application.messages import Messages
from identity.application.messages.list_delivered_messages import ListDeliveredMessages
from identity.wiring.dependencies import Dependencies


def messages(given: Dependencies) -> Messages:
    return Messages(list_delivered_messages=ListDeliveredMessages(views=given.views.messages))
