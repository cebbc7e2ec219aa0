"""Policy decisions as messages: those that services send, and those that governance asks for."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from compliance.application.decisions.views import ShadowDenials
from compliance.domain.decision import PolicyDecision
from elcorp.compliance.v1 import compliance_pb2, events_pb2
from kernel.errors import InvalidValue

DECISIONS_MAX: Final = 200
# Longer than producers write them, and short enough for an index of PostgreSQL.
NAME_LENGTH_MAX: Final = 200
_JSON_BYTES_MAX: Final = 8 * 1024
_COUNT_MAX: Final = 2**31 - 1
_NAMES: Final = (
    "producer",
    "principal_kind",
    "principal_id",
    "permission",
    "resource_type",
    "resource_id",
    "ip",
    "request_id",
    "trace_id",
)


def decisions_in(message: events_pb2.PolicyDecisionsRecorded, producer: str) -> Iterator[PolicyDecision]:
    """Yield the decisions of a message of `producer`. Raise InvalidValue for what is none: the message becomes a dead letter."""
    if len(message.decisions) > DECISIONS_MAX:
        raise InvalidValue(field="decisions", expected=f"at most {DECISIONS_MAX}", given=len(message.decisions), sent_by=producer)
    for decision in message.decisions:
        if decision.producer != producer:
            raise InvalidValue(field="producer", expected=f"{producer}, the sender", given=decision.producer)
        try:
            yield _decision(decision)
        except (ValueError, OverflowError, RecursionError) as problem:
            raise InvalidValue(
                expected="a decision that can be stored", id=decision.decision_id, producer=producer, problem=str(problem)
            ) from problem


def decision_message(decision: PolicyDecision) -> events_pb2.PolicyDecision:
    return events_pb2.PolicyDecision(
        decision_id=str(decision.id),
        producer=decision.producer,
        at=_timestamp(decision.at),
        allowed=decision.allowed,
        principal_kind=decision.principal_kind,
        principal_id=decision.principal_id,
        permission=decision.permission,
        resource_type=decision.resource_type,
        resource_id=decision.resource_id,
        roles=decision.roles,
        organization_id=str(decision.organization_id or ""),
        interactive=decision.interactive,
        ip=decision.ip,
        authenticated_at=_timestamp(decision.authenticated_at) if decision.authenticated_at else None,
        methods=decision.methods,
        attributes=decision.attributes,
        facts=decision.facts,
        is_truncated=decision.is_truncated,
        policies=decision.policies,
        shadow=decision.shadow,
        errors=decision.errors,
        bundle_version=decision.bundle_version,
        request_id=decision.request_id,
        trace_id=decision.trace_id,
        count=decision.count,
    )


def denials_message(denials: ShadowDenials) -> compliance_pb2.ShadowDenials:
    return compliance_pb2.ShadowDenials(
        permission=denials.permission or "",
        decisions=denials.decisions,
        people=denials.people,
        first_at=_timestamp(denials.first_at),
        last_at=_timestamp(denials.last_at),
        roles=denials.roles,
    )


def _decision(given: events_pb2.PolicyDecision) -> PolicyDecision:
    names: dict[str, Any] = {name: _name(getattr(given, name)) for name in _NAMES}
    return PolicyDecision(
        **names,
        id=UUID(given.decision_id),
        at=_time(given.at),
        allowed=given.allowed,
        roles=_each(given.roles),
        organization_id=UUID(given.organization_id) if given.organization_id else None,
        interactive=given.interactive,
        authenticated_at=_time(given.authenticated_at) if given.HasField("authenticated_at") else None,
        methods=_each(given.methods),
        attributes=_object(given.attributes),
        facts=_object(given.facts),
        is_truncated=given.is_truncated,
        policies=_each(given.policies),
        shadow=_each(given.shadow),
        errors=given.errors,
        bundle_version=given.bundle_version,
        count=_counted(given.count),
    )


def _name(text: str) -> str:
    if len(text) > NAME_LENGTH_MAX:
        raise ValueError(f"a text of {len(text)} characters; at most {NAME_LENGTH_MAX}")
    return text


def _each(names: Any) -> tuple[str, ...]:
    return tuple(_name(name) for name in names)


def _object(text: str) -> str:
    if len(text.encode()) > _JSON_BYTES_MAX:
        raise ValueError(f"JSON of {len(text)} characters")
    if not isinstance(json.loads(text), dict):
        raise ValueError("JSON that is no object")  # noqa: TRY004  # the sender's value is wrong, not our type
    return text


def _counted(count: int) -> int:
    if not 1 <= count <= _COUNT_MAX:
        raise ValueError(f"a count of {count}")
    return count


def _time(timestamp: Timestamp) -> datetime:
    return timestamp.ToDatetime(UTC)


def _timestamp(at: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(at.astimezone(UTC))
    return timestamp
