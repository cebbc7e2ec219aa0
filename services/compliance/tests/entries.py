"""Build entries for the log."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from compliance.domain.entry import Actor, AuditEntry
from kernel.ids import new_id

AT = datetime(2026, 3, 21, 8, 0, 0, 123456, tzinfo=UTC)


def user(subject_id: UUID | str | None = None, **facts: Any) -> Actor:
    return Actor(
        kind="user", subject_id=str(subject_id or new_id()), **{"session_id": str(new_id()), "ip": "41.182.3.4", **facts}
    )


def service(name: str = "payments") -> Actor:
    return Actor(kind="service", subject_id=name)


def entry(**facts: Any) -> AuditEntry:
    made = {
        "fact_id": new_id(),
        "producer": "payments",
        "action": "payments.transfer.settle",
        "actor": facts.pop("actor", None) or user(),
        "resource_type": "transfer",
        "resource_id": str(new_id()),
        "occurred_at": AT,
        "after": '{"amount":"250.00","currency":"NAD"}',
    }
    return AuditEntry(**{**made, **facts})


def entries(count: int) -> list[AuditEntry]:
    actor = user()
    return [entry(actor=actor) for _ in range(count)]
