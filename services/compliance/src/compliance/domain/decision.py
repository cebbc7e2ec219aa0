"""A decision of the policies, as its service recorded it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDecision:
    """Who was allowed or denied what, by which policies, and all that it depended on, so that it can be decided again.

    A denial without policies is the default. `attributes` of the resource and `facts` of the question are JSON objects of Cedar;
    with `is_truncated` one of them was too long to be recorded. `shadow` are the policies that would have denied it. `count` is
    above 1 for equal denials within about a second, of which the first is recorded.
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
    roles: tuple[str, ...]
    organization_id: UUID | None
    interactive: bool
    ip: str
    authenticated_at: datetime | None
    methods: tuple[str, ...]
    attributes: str
    facts: str
    is_truncated: bool
    policies: tuple[str, ...]
    shadow: tuple[str, ...]
    errors: int
    bundle_version: int
    request_id: str
    trace_id: str
    count: int
