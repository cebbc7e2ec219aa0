"""The record of a policy decision, and the port that takes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from chassis import telemetry
from chassis.policies.bundle import Resource
from kernel.actor import Actor

# A caller may ask about any name or id.
_NAME_LENGTH_MAX: Final = 128
_KEYS_MAX: Final = 32


@dataclass(frozen=True, slots=True)
class Decision:
    """Who was allowed or denied what, and by which policies.

    It contains ids and names only: of the context, its keys. A denial without policies is the default, because no policy permits
    the request. With `errors`, policies failed to evaluate.
    """

    at: datetime
    allowed: bool
    principal_kind: str
    principal_id: str
    permission: str
    resource_type: str
    resource_id: str
    context_keys: tuple[str, ...]
    policies: tuple[str, ...]
    errors: int
    bundle_version: int
    request_id: str
    trace_id: str


class DecisionSink(Protocol):
    def record(self, decision: Decision) -> None:
        """Take a decision. It neither waits nor raises: a decision is in force whether or not it can be recorded."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the engine decided about a question, and why."""

    allowed: bool
    policies: tuple[str, ...]
    errors: int

    def record_of(
        self, actor: Actor, permission: str, resource: Resource, context: Mapping[str, object], *, version: int, at: datetime
    ) -> Decision:
        """Return the record of this outcome for a request in progress."""
        return Decision(
            at=at,
            allowed=self.allowed,
            principal_kind=actor.kind.value,
            principal_id=actor.subject_id[:_NAME_LENGTH_MAX],
            permission=permission[:_NAME_LENGTH_MAX],
            resource_type=resource.type[:_NAME_LENGTH_MAX],
            resource_id=resource.id[:_NAME_LENGTH_MAX],
            context_keys=tuple(sorted(str(key)[:_NAME_LENGTH_MAX] for key in context)[:_KEYS_MAX]),
            policies=self.policies,
            errors=self.errors,
            bundle_version=version,
            request_id=telemetry.request_id() or actor.request_id,
            trace_id=telemetry.trace_id(),
        )
