"""The response body for a decision of policies."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

import orjson
from pydantic import BaseModel

from compliance.domain.decision import PolicyDecision


class PolicyDecisionResponse(BaseModel):
    """A decision and what it depended on.

    `policies` decided; a denial without any is the default, because no policy permits the request. `shadow_policies` would have
    denied it, if they were enforced. `policy_errors` above 0: so many policies failed to evaluate, which denies. `attributes` are
    those of the resource, `facts` those of the question; if `is_truncated`, one of them was too long and is left out. `count` is
    above 1 for equal denials within about a second, of which the first is shown.
    """

    id: UUID
    producer: str
    at: datetime
    allowed: bool
    principal_kind: str
    principal_id: str
    permission: str
    resource_type: str
    resource_id: str
    roles: list[str]
    organization_id: UUID | None
    interactive: bool
    ip: str
    authenticated_at: datetime | None
    methods: list[str]
    attributes: dict[str, Any]
    facts: dict[str, Any]
    is_truncated: bool
    policies: list[str]
    shadow_policies: list[str]
    policy_errors: int
    bundle_version: int
    request_id: str
    trace_id: str
    count: int

    @classmethod
    def of(cls, decision: PolicyDecision) -> Self:
        return cls(
            id=decision.id,
            producer=decision.producer,
            at=decision.at,
            allowed=decision.allowed,
            principal_kind=decision.principal_kind,
            principal_id=decision.principal_id,
            permission=decision.permission,
            resource_type=decision.resource_type,
            resource_id=decision.resource_id,
            roles=list(decision.roles),
            organization_id=decision.organization_id,
            interactive=decision.interactive,
            ip=decision.ip,
            authenticated_at=decision.authenticated_at,
            methods=list(decision.methods),
            attributes=_shown(decision.attributes),
            facts=_shown(decision.facts),
            is_truncated=decision.is_truncated,
            policies=list(decision.policies),
            shadow_policies=list(decision.shadow),
            policy_errors=decision.errors,
            bundle_version=decision.bundle_version,
            request_id=decision.request_id,
            trace_id=decision.trace_id,
            count=decision.count,
        )


def _shown(text: str) -> dict[str, Any]:
    """Return a stored JSON object; if this reader does not accept it, as text, so that its page stays readable."""
    try:
        found: dict[str, Any] = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {"unreadable": text}
    return found
