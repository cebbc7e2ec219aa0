"""Messages, as far as the API reads them. The `jobs` process delivers them."""

from chassis.wiring import wire
from identity.application.messages import Messages
from identity.wiring.dependencies import Dependencies


def messages(given: Dependencies) -> Messages:
    return wire(Messages, views=given.views.messages, to_addresses=given.views.address_messages)
