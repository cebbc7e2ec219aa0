"""Build decisions of policies, and the messages in which services send them."""

from typing import Any

from compliance.domain.decision import PolicyDecision
from compliance.interfaces.decision_messages import decision_message
from elcorp.compliance.v1 import events_pb2
from kernel.ids import new_id
from services.compliance.tests.entries import AT


def decision(**changes: Any) -> PolicyDecision:
    made: dict[str, Any] = {
        "id": new_id(),
        "producer": "payments",
        "at": AT,
        "allowed": False,
        "principal_kind": "user",
        "principal_id": str(new_id()),
        "permission": "payment:create",
        "resource_type": "wallet",
        "resource_id": str(new_id()),
        "roles": ("user",),
        "organization_id": new_id(),
        "interactive": True,
        "ip": "41.182.3.4",
        "authenticated_at": AT,
        "methods": ("pwd", "otp"),
        "attributes": '{"owner":"u-2"}',
        "facts": '{"amount":{"__extn":{"fn":"decimal","arg":"5.00"}}}',
        "is_truncated": False,
        "policies": ("office-hours",),
        "shadow": (),
        "errors": 0,
        "bundle_version": 7,
        "request_id": "req-7",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "count": 1,
    }
    return PolicyDecision(**{**made, **changes})


def sent(*decisions: PolicyDecision) -> events_pb2.PolicyDecisionsRecorded:
    return events_pb2.PolicyDecisionsRecorded(decisions=[decision_message(each) for each in decisions])
