"""Messages and audit facts that payments has published."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from google.protobuf.message import Message
from sqlalchemy import text

from chassis.messaging.contracts import SUBJECT, TIME, EventSpec, spec_of
from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from elcorp.compliance.v1 import events_pb2 as compliance
from elcorp.platform.v1.events_pb2 import NoticeRequested
from payments.interfaces.publications import PUBLICATIONS

_DECIDED: Final = "payments.approval.decide"
_SPECS: Final[Mapping[str, EventSpec]] = {spec.type: spec for spec in PUBLICATIONS.specs}


async def published(database: Database, message_class: Any) -> list[Any]:
    """Return the messages of a type in the order of their creation; each names its aggregate."""
    spec = spec_of(message_class)
    async with database.read() as connection:
        rows = await connection.execute(
            text("SELECT payload, aggregate_id FROM outbox WHERE type = :type ORDER BY position"), {"type": spec.type}
        )
        found = [(message_class.FromString(bytes(row.payload)), row.aggregate_id) for row in rows]
    names = ("transfer_id", "wallet_id", "account_id", "bulk_id", "schedule_id", "owner_id")
    for message, aggregate_id in found:
        assert aggregate_id in {getattr(message, name, None) for name in names}
    return [message for message, _ in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """An audit fact without the values that differ in each run: its id, and the ids of request and session."""

    action: str
    resource: tuple[str, str]
    by: tuple[str, str]
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None
    reason: str | None = None
    related: Sequence[str] = field(default_factory=list)

    @classmethod
    def of(cls, fact: compliance.AuditFact) -> "Fact":
        assert (fact.producer, bool(fact.fact_id)) == ("payments", True)
        return cls(
            action=fact.action,
            resource=(fact.resource_type, fact.resource_id),
            by=(fact.actor.kind, fact.actor.subject_id),
            before=json.loads(fact.before) if fact.HasField("before") else None,
            after=json.loads(fact.after) if fact.HasField("after") else None,
            reason=fact.reason if fact.HasField("reason") else None,
            related=list(fact.related_ids),
        )


@dataclass
class Record:
    """Reads the events and facts since its last read, each message whole, and requires that all are from now.

    `notices` collects the notices that were requested, `decisions` the facts of signed decisions.
    """

    database: Database
    clock: ControlledClock
    at: int = field(default=0, init=False)
    notices: list[NoticeRequested] = field(default_factory=list, init=False)
    decisions: list[Fact] = field(default_factory=list, init=False)

    async def skip(self) -> None:
        """Skip what has happened so far, at times other than now."""
        async with self.database.read() as connection:
            self.at = await connection.scalar(text("SELECT coalesce(max(position), 0) FROM outbox")) or 0

    async def news(self) -> tuple[list[Message], list[Fact]]:
        """Return events and audit facts in the order of their creation."""
        query = text("SELECT position, type, payload, aggregate_id, headers FROM outbox WHERE position > :at ORDER BY position")
        async with self.database.read() as connection:
            rows = (await connection.execute(query, {"at": self.at})).all()
        messages: list[Message] = []
        facts: list[Fact] = []
        for row in rows:
            self.at = row.position
            assert datetime.fromisoformat(row.headers[TIME]) == self.clock.now()
            spec = _SPECS[row.type]
            message: Any = spec.message_class.FromString(bytes(row.payload))
            if isinstance(message, compliance.AuditFactsRecorded):
                assert {fact.occurred_at.ToDatetime(tzinfo=UTC) for fact in message.facts} == {self.clock.now()}
                found = [Fact.of(fact) for fact in message.facts]
                facts += [fact for fact in found if fact.action != _DECIDED]
                self.decisions += [fact for fact in found if fact.action == _DECIDED]
                continue
            if isinstance(message, NoticeRequested):
                self.notices.append(message)
                continue
            assert {row.aggregate_id, row.headers[SUBJECT]} == {getattr(message, spec.aggregate)}
            messages.append(message)
        return messages, facts
