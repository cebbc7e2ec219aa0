"""Read the messages in compliance's outbox."""

from google.protobuf.message import Message

from chassis.persistence.database import Database
from chassis.testing import stored
from compliance.interfaces.publications import PUBLICATIONS
from elcorp.compliance.v1 import events_pb2
from kernel.actor import Actor
from kernel.audit import AuditFact


async def published(database: Database) -> list[tuple[str | None, Message]]:
    """Return the outbox's messages with their aggregates, in order; audit facts without their random ids and their digests."""
    return await stored.published(database, PUBLICATIONS)


async def facts_on_record(database: Database) -> list[events_pb2.AuditFact]:
    """Return the audit facts in the outbox, in order."""
    messages = [message for _, message in await published(database)]
    return [fact for message in messages if isinstance(message, events_pb2.AuditFactsRecorded) for fact in message.facts]


def recorded(fact: AuditFact, actor: Actor) -> events_pb2.AuditFact:
    """Return the expected fact, without its id and its digest."""
    (encoded,) = events_pb2.AuditFactsRecorded.FromString(PUBLICATIONS.audit([(fact, actor)]).payload).facts
    encoded.ClearField("fact_id")
    encoded.ClearField("digest")
    return encoded
