"""The contract of events, read from the proto options."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, get_type_hints
from uuid import UUID

import orjson
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.messaging.fact_digest import digest_of
from chassis.persistence.delivery import Delivery, MessageT
from chassis.persistence.outbox_message import FactDigest, OutboxMessage
from chassis.telemetry import traceparent
from elcorp.compliance.v1 import events_pb2 as compliance
from elcorp.options.v1 import options_pb2
from kernel.actor import Actor
from kernel.audit import AuditFact, State
from kernel.events import Event
from kernel.ids import new_id

# CloudEvents has no binding for AMQP 0-9-1; these are its attributes with the prefix of the AMQP 1.0 binding.
SPECVERSION = "cloudEvents:specversion"
SOURCE = "cloudEvents:source"
SUBJECT = "cloudEvents:subject"
TIME = "cloudEvents:time"
TRACEPARENT = "traceparent"
# An extension attribute: the organization that the actor acted for; missing for a person who acted alone.
ORGANIZATION = "cloudEvents:organizationid"
CONTENT_TYPE = "application/protobuf"


class NotAnEvent(TypeError):
    """The message class has no (elcorp.options.v1.event) option."""


@dataclass(frozen=True, slots=True)
class EventSpec:
    """How one event is published and consumed, from its proto option."""

    message_class: type[Message]
    type: str
    consumers: tuple[str, ...]
    aggregate: str
    family: str
    former_consumers: tuple[str, ...] = ()

    @property
    def context(self) -> str:
        """The context of the type: "identity" for "identity.user.registered"."""
        return self.type.partition(".")[0]

    def queue(self, consumer: str) -> str:
        return f"{consumer}.{self.family or self.context}"


def spec_of(message_class: type[Message]) -> EventSpec:
    """Read a message's event option; raises NotAnEvent."""
    descriptor = message_class.DESCRIPTOR
    options = descriptor.GetOptions()
    if not options.HasExtension(options_pb2.event):
        raise NotAnEvent(descriptor.full_name)
    event = options.Extensions[options_pb2.event]
    if event.aggregate and event.aggregate not in descriptor.fields_by_name:
        raise NotAnEvent(f"{descriptor.full_name} names {event.aggregate!r} as its aggregate but has no such field")
    consumers, former = tuple(event.consumers), tuple(event.former_consumers)
    if twice := set(consumers) & set(former):
        raise NotAnEvent(f"{descriptor.full_name} names {', '.join(twice)} as a consumer and as a former one")
    return EventSpec(message_class, event.type, consumers, event.aggregate, event.family, former)


class Publications:
    """Maps a service's domain events to their messages; a service can publish only these events."""

    def __init__(self, producer: str, mapping: Mapping[type[Event], Callable[[Any], Message]]) -> None:
        self.producer = producer
        self._encoders = {event: (encoder, spec_of(_message_class(encoder))) for event, encoder in mapping.items()}
        self._audit = spec_of(compliance.AuditFactsRecorded)
        # Each process also records the decisions of its policies, in the outbox of its service (policies/recording.py).
        self.specs = (*(spec for _, spec in self._encoders.values()), self._audit, spec_of(compliance.PolicyDecisionsRecorded))

    def encode(self, event: Event, *, organization_id: UUID | None = None) -> OutboxMessage:
        """Return the outbox message of an event; its id is the event's id."""
        encoder, spec = self._encoders[type(event)]
        message = encoder(event)
        aggregate_id = str(getattr(message, spec.aggregate)) if spec.aggregate else None
        return OutboxMessage(
            event.event_id,
            spec.type,
            aggregate_id,
            message.SerializeToString(),
            headers_of(self.producer, occurred_at=event.occurred_at, subject=aggregate_id, organization_id=organization_id),
        )

    def audit(self, facts: Sequence[tuple[AuditFact, Actor]]) -> OutboxMessage:
        """Return one message with all facts of a transaction, each with its actor."""
        encoded = [_audit_fact(fact, actor, self.producer) for fact, actor in facts]
        message = compliance.AuditFactsRecorded(facts=encoded)
        headers = headers_of(self.producer, occurred_at=facts[0][0].occurred_at)
        digests = tuple(FactDigest(fact.fact_id, each.digest) for (fact, _), each in zip(facts, encoded, strict=True))
        return OutboxMessage(new_id(), self._audit.type, None, message.SerializeToString(), headers, digests)


def headers_of(
    producer: str, *, occurred_at: datetime, subject: str | None = None, organization_id: UUID | None = None
) -> dict[str, str]:
    """Return the headers of a message: CloudEvents attributes, and the trace in progress."""
    headers = {SPECVERSION: "1.0", SOURCE: f"/{producer}", TIME: occurred_at.astimezone(UTC).isoformat()}
    if subject:
        headers[SUBJECT] = subject
    if organization_id:
        headers[ORGANIZATION] = str(organization_id)
    if parent := traceparent():
        headers[TRACEPARENT] = parent
    return headers


def timestamp_of(at: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(at.astimezone(UTC))
    return timestamp


@dataclass(frozen=True, slots=True)
class Subscription(Generic[MessageT]):
    """Handles one message at a time, in order within an aggregate.

    The handler may run twice for one message; the inbox in its unit of work makes the effect happen once.
    """

    message_class: type[MessageT]
    handler: Callable[[Delivery[MessageT]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class BatchSubscription(Generic[MessageT]):
    """Handles messages in batches, in the order of the queue, one batch at a time.

    A batch closes at `batch_max` messages or `wait_ms_max` after the first. The handler commits the whole batch or raises. The
    inbox is not used, so the handler must be idempotent per `message_id`.
    """

    message_class: type[MessageT]
    handler: Callable[[Sequence[Delivery[MessageT]]], Awaitable[None]]
    batch_max: int = 500
    wait_ms_max: int = 20


AnySubscription = Subscription[Any] | BatchSubscription[Any]


def _message_class(encoder: Callable[[Any], Message]) -> type[Message]:
    message_class = get_type_hints(encoder).get("return")
    if not (isinstance(message_class, type) and issubclass(message_class, Message)):
        raise NotAnEvent(f"{encoder!r} must be a function annotated with the message it returns")
    return message_class


def _audit_actor(actor: Actor) -> compliance.AuditActor:
    return compliance.AuditActor(
        kind=actor.kind,
        subject_id=actor.subject_id,
        session_id=str(actor.session_id) if actor.session_id else "",
        device_id=actor.device_id or "",
        ip=actor.ip,
        user_agent=actor.user_agent,
        request_id=actor.request_id,
        authenticated_at=timestamp_of(actor.authenticated_at) if actor.authenticated_at else None,
        methods=actor.methods,
    )


def _audit_fact(fact: AuditFact, actor: Actor, producer: str) -> compliance.AuditFact:
    encoded = compliance.AuditFact(
        fact_id=str(fact.fact_id),
        producer=producer,
        action=fact.action,
        actor=_audit_actor(actor),
        resource_type=fact.resource_type,
        resource_id=fact.resource_id,
        occurred_at=timestamp_of(fact.occurred_at),
        before=_json(fact.before),
        after=_json(fact.after),
        reason=fact.reason,
        related_ids=fact.related_ids,
        organization_id=str(actor.organization_id) if actor.organization_id else "",
    )
    encoded.digest = digest_of(encoded)
    return encoded


def _json(state: State | None) -> str | None:
    # Sorted keys, so that equal states have equal bytes, and so equal hashes in the audit log.
    return None if state is None else orjson.dumps(state, option=orjson.OPT_SORT_KEYS).decode()
