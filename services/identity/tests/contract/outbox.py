"""Messages in the outbox, decoded by their proto: events, and the audit facts of each transaction."""

import base64
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import httpx
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import text

from chassis.auth import Claims
from chassis.messaging.contracts import TIME, spec_of
from chassis.messaging.fact_digest import digest_of
from chassis.persistence.database import Database
from elcorp.compliance.v1 import events_pb2 as compliance
from identity.interfaces.publications import PUBLICATIONS

_CLASSES: Final = {spec.type: spec.message_class for spec in PUBLICATIONS.specs}
_AUDIT: Final = spec_of(compliance.AuditFactsRecorded).type
Whole = dict[str, Any]

# The address and program of the tests' client.
_CLIENT: Final = {"ip": "198.51.100.7", "user_agent": f"python-httpx/{httpx.__version__}"}
ANONYMOUS: Final[Whole] = {"kind": "anonymous", "subject_id": "anonymous", **_CLIENT}
IDENTITY: Final[Whole] = {"kind": "service", "subject_id": "identity"}


async def published(database: Database, message_class: Any) -> list[tuple[Any, str]]:
    """Return the messages of a class with their aggregates' ids, in order."""
    spec = spec_of(message_class)
    async with database.read() as connection:
        rows = await connection.execute(
            text("SELECT payload, aggregate_id FROM outbox WHERE type = :type ORDER BY position"), {"type": spec.type}
        )
        return [(message_class.FromString(bytes(row.payload)), row.aggregate_id) for row in rows]


def names_of(kind: str, payload: bytes) -> list[str]:
    """Return the names in an outbox row: the actions of its audit facts, or the type of its event."""
    if kind != _AUDIT:
        return [kind]
    return [fact.action for fact in compliance.AuditFactsRecorded.FromString(payload).facts]


@dataclass
class Record:
    """Everything that a block wrote to the outbox, in order."""

    facts: list[Whole] = field(default_factory=list)
    events: list[Whole] = field(default_factory=list)

    @property
    def actions(self) -> list[str]:
        return [fact["action"] for fact in self.facts]


@asynccontextmanager
async def recording(database: Database) -> AsyncIterator[Record]:
    """Collect what the block writes to the outbox; read it after the block."""
    record, rows = Record(), text("SELECT type, aggregate_id, payload, headers FROM outbox ORDER BY position OFFSET :skipped")
    async with database.read() as connection:
        skipped = (await connection.execute(text("SELECT count(*) FROM outbox"))).scalar_one()
    yield record
    async with database.read() as connection:
        for row in await connection.execute(rows, {"skipped": skipped}):
            message = _CLASSES[row.type].FromString(bytes(row.payload))
            if isinstance(message, compliance.AuditFactsRecorded):
                record.facts += [_fact(fact) for fact in message.facts]
            else:
                at = datetime.fromisoformat(row.headers[TIME])
                record.events.append(event(row.type, row.aggregate_id, at=at, **_whole(message)))


def fact(
    action: str,
    resource: tuple[str, object],
    *,
    by: Whole,
    at: datetime,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    reason: str | None = None,
    related: Sequence[object] = (),
) -> Whole:
    """Make an audit fact as `Record.facts` has it: all fields except its id, its digest and the id of the request."""
    resource_type, resource_id = resource
    given = {
        "producer": "identity",
        "action": action,
        "actor": by,
        "resource_type": resource_type,
        "resource_id": str(resource_id),
        "occurred_at": at_text(at),
        "before": before,
        "after": after,
        "reason": reason,
        "related_ids": [str(each) for each in related] or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def event(kind: str, aggregate_id: object, *, at: datetime, **body: object) -> Whole:
    """Make an event as `Record.events` has it."""
    return {"type": kind, "aggregate_id": str(aggregate_id), "at": at.astimezone(UTC), **body}


def user(claims: Claims) -> Whole:
    """Make the actor of the user with this token."""
    return {
        "kind": "user",
        "subject_id": claims.subject_id,
        "session_id": str(claims.session_id),
        "device_id": claims.device_id,
        **_CLIENT,
        "authenticated_at": at_text(claims.authenticated_at),
        "methods": list(claims.methods),
    }


def at_text(at: datetime) -> str:
    timestamp = Timestamp()
    timestamp.FromDatetime(at.astimezone(UTC))
    return timestamp.ToJsonString()


def _fact(message: compliance.AuditFact) -> Whole:
    written = _whole(message)
    # They are random, so a test can only check that they are present.
    assert written.pop("fact_id")
    assert base64.b64decode(written.pop("digest")) == digest_of(message)
    assert written["actor"].pop("request_id")
    return written | {name: json.loads(written[name]) for name in ("before", "after") if name in written}


def _whole(message: Message) -> Whole:
    written: Whole = MessageToDict(message, preserving_proto_field_name=True)
    return written
