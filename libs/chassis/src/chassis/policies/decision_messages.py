"""Policy decisions as the message that compliance records."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from chassis.messaging.contracts import headers_of, spec_of, timestamp_of
from chassis.persistence.outbox_message import OutboxMessage
from chassis.policies.decisions import Decision
from elcorp.compliance.v1 import events_pb2
from kernel.ids import new_id

DECISIONS_MAX: Final = 200
# Of attributes, and of facts.
JSON_BYTES_MAX: Final = 8 * 1024
# Of every other text: compliance refuses longer ones.
TEXT_LENGTH_MAX: Final = 128

_TYPE: Final = spec_of(events_pb2.PolicyDecisionsRecorded).type


def decisions_message(decisions: Sequence[Decision], producer: str) -> OutboxMessage:
    """Return one message with these decisions, at most DECISIONS_MAX; each gets its id."""
    if not 0 < len(decisions) <= DECISIONS_MAX:
        raise ValueError(f"a message has 1 to {DECISIONS_MAX} decisions, not {len(decisions)}")
    message = events_pb2.PolicyDecisionsRecorded(decisions=[_encoded(decision, producer) for decision in decisions])
    headers = headers_of(producer, occurred_at=decisions[0].at)
    return OutboxMessage(new_id(), _TYPE, None, message.SerializeToString(), headers)


def _encoded(decision: Decision, producer: str) -> events_pb2.PolicyDecision:
    inputs = decision.inputs
    attributes, facts = _json(inputs.attributes), _json(inputs.facts)
    return events_pb2.PolicyDecision(
        decision_id=str(new_id()),
        producer=producer,
        at=timestamp_of(decision.at),
        allowed=decision.allowed,
        principal_kind=decision.principal_kind,
        principal_id=_text(decision.principal_id),
        permission=_text(decision.permission),
        resource_type=_text(decision.resource_type),
        resource_id=_text(decision.resource_id),
        roles=map(_text, inputs.roles),
        organization_id=inputs.organization_id,
        interactive=inputs.interactive,
        ip=_text(inputs.ip),
        authenticated_at=timestamp_of(inputs.authenticated_at) if inputs.authenticated_at else None,
        methods=map(_text, inputs.methods),
        attributes=attributes or "{}",
        facts=facts or "{}",
        is_truncated=attributes is None or facts is None,
        policies=map(_text, decision.policies),
        shadow=map(_text, decision.shadow),
        errors=decision.errors,
        bundle_version=decision.bundle_version,
        request_id=_text(decision.request_id),
        trace_id=decision.trace_id,
        count=decision.count,
    )


def _json(given: Mapping[str, object]) -> str | None:
    """Return values as a JSON object of ASCII; None if it is too long or cannot be written."""
    try:
        text = json.dumps(given, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return None
    return text if len(text) <= JSON_BYTES_MAX else None


def _text(given: str) -> str:
    # A caller may ask about any text, also about one that UTF-8 cannot express, and it must not cost the others of its batch.
    return given[:TEXT_LENGTH_MAX].encode(errors="replace").decode()
