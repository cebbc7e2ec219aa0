"""Publishes events of producers that do not run in a test."""

from datetime import UTC, datetime

import aio_pika
from google.protobuf.message import Message
from pamqp.common import FieldValue

from chassis.messaging.contracts import spec_of
from chassis.messaging.topology import declare_exchange
from kernel.ids import new_id


async def announce(broker_url: str, message: Message) -> None:
    """Publish a message as its producer would."""
    spec = spec_of(type(message))
    headers: dict[str, FieldValue] = {
        "cloudEvents:source": f"/{spec.context}",
        "cloudEvents:time": datetime.now(UTC).isoformat(),
    }
    async with await aio_pika.connect(broker_url) as connection, connection.channel() as channel:
        exchange = await declare_exchange(channel, spec.context)
        event = aio_pika.Message(message.SerializeToString(), message_id=str(new_id()), type=spec.type, headers=headers)
        await exchange.publish(event, routing_key=spec.type, mandatory=False)
