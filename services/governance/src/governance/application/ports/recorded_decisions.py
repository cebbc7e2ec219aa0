from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """A decision of the policies in any service, and all that it depended on, so that it can be decided again.

    `attributes` of the resource and `facts` of the question are Cedar values as JSON. `count` is above 1 for equal denials within
    about a second, of which the first is recorded.
    """

    at: datetime
    allowed: bool
    kind: str
    subject_id: str
    permission: str
    resource_type: str
    resource_id: str
    roles: tuple[str, ...]
    organization_id: str
    interactive: bool
    ip: str
    authenticated_at: datetime | None
    methods: tuple[str, ...]
    attributes: Mapping[str, object]
    facts: Mapping[str, object]
    policies: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class ShadowDenials:
    """What a policy in shadow would have denied of one permission: how many decisions, about how many different principals."""

    permission: str
    decisions: int
    people: int
    first_at: datetime
    last_at: datetime


class RecordedDecisions(Protocol):
    """The decisions that compliance keeps: every denial, each that a shadow policy would have denied, a sample of the others."""

    async def latest(self, *, permissions: Collection[str], limit: int) -> Sequence[RecordedDecision]:
        """Return the newest decisions about at most 500 permissions, newest first; none without a permission.

        Those whose inputs were too long to be recorded are left out. Raise Unavailable if compliance does not answer.
        """

    async def shadow_denials(self, policy: str, *, since: datetime) -> Sequence[ShadowDenials]:
        """Return what a policy would have denied, by permission, the most first. Raise Unavailable as above."""
