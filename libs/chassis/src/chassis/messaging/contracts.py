"""The contract of events: read from the proto options, never written down twice."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, Generic

import orjson
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.messaging.delivery import Delivery, MessageT
from chassis.messaging.tracing import current_traceparent
from chassis.outbox import OutboxMessage
from elcorp.compliance.v1 import events_pb2 as compliance
from elcorp.options.v1 import options_pb2
from kernel.actor import Actor
from kernel.audit import AuditFact, State
from kernel.events import Event
from kernel.ids import new_id

# CloudEvents has no binding for AMQP 0-9-1; these are its attributes under the prefix of its AMQP 1.0 binding.
SPECVERSION = "cloudEvents:specversion"
SOURCE = "cloudEvents:source"
SUBJECT = "cloudEvents:subject"
TIME = "cloudEvents:time"
TRACEPARENT = "traceparent"
CONTENT_TYPE = "application/protobuf"


class NotAnEvent(TypeError):
    """The message class carries no (elcorp.options.v1.event) option."""


@dataclass(frozen=True, slots=True)
class EventSpec:
    """How one event travels, as its proto option says."""

    type: str
    consumers: tuple[str, ...]
    aggregate: str
    family: str
    message_class: type[Message]

    @property
    def context(self) -> str:
        """The context that the type belongs to: "identity" of "identity.user.registered"."""
        return self.type.partition(".")[0]

    def queue(self, consumer: str) -> str:
        return f"{consumer}.{self.family or self.context}"


@cache
def spec_of(message_class: type[Message]) -> EventSpec:
    """Read a message's event option; raises NotAnEvent."""
    descriptor = message_class.DESCRIPTOR
    options = descriptor.GetOptions()
    if not options.HasExtension(options_pb2.event):
        raise NotAnEvent(descriptor.full_name)
    event = options.Extensions[options_pb2.event]
    if event.aggregate and event.aggregate not in descriptor.fields_by_name:
        raise NotAnEvent(f"{descriptor.full_name} names {event.aggregate!r} as its aggregate and has no such field")
    return EventSpec(event.type, tuple(event.consumers), event.aggregate, event.family, message_class)


class Publications:
    """Maps a service's domain events to their messages; what it maps is all the service may publish."""

    def __init__(self, producer: str, mapping: Mapping[type[Event], Callable[[Any], Message]]) -> None:
        self.producer = producer
        self._mapping = dict(mapping)
        audit = spec_of(compliance.AuditFactsRecorded)
        self.specs = (*(spec_of(_message_class(encoder)) for encoder in self._mapping.values()), audit)

    def encode(self, event: Event) -> OutboxMessage:
        """Make the outbox message of an event; its id is the event's."""
        message = self._mapping[type(event)](event)
        spec = spec_of(type(message))
        aggregate_id = str(getattr(message, spec.aggregate)) if spec.aggregate else None
        return OutboxMessage(
            event.event_id,
            spec.type,
            aggregate_id,
            message.SerializeToString(),
            self._headers(occurred_at=event.occurred_at, subject=aggregate_id),
        )

    def audit(self, facts: Sequence[AuditFact], actor: Actor) -> OutboxMessage:
        """Make the one message that carries all facts of a transaction."""
        who = _audit_actor(actor)
        message = compliance.AuditFactsRecorded(facts=[_audit_fact(fact, who, self.producer) for fact in facts])
        headers = self._headers(occurred_at=facts[0].occurred_at, subject=None)
        return OutboxMessage(new_id(), spec_of(type(message)).type, None, message.SerializeToString(), headers)

    def _headers(self, *, occurred_at: datetime, subject: str | None) -> dict[str, str]:
        headers = {SPECVERSION: "1.0", SOURCE: f"/{self.producer}", TIME: occurred_at.astimezone(UTC).isoformat()}
        if subject:
            headers[SUBJECT] = subject
        if traceparent := current_traceparent():
            headers[TRACEPARENT] = traceparent
        return headers
