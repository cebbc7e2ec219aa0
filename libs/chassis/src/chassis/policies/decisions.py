"""The record of a policy decision, and the port that takes it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from chassis import telemetry
from chassis.policies.bundle import Resource
from kernel.actor import Actor
from kernel.assurance import StepUpRequired
from kernel.errors import AccessDenied, DeniedByPolicies, DomainError

# A caller may ask about any name or id.
_NAME_LENGTH_MAX: Final = 128
_FACTS_MAX: Final = 32


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a decision depended on besides its subject, permission and resource, so that it can be decided again.

    `attributes` are those of the resource, `facts` those of the question, both as JSON of Cedar. The environment follows from
    the rest and the decision's time (environment.py).
    """

    roles: tuple[str, ...]
    organization_id: str
    interactive: bool
    ip: str
    authenticated_at: datetime | None
    methods: tuple[str, ...]
    attributes: Mapping[str, object]
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Decision:
    """Who was allowed or denied what, by which policies, and from what.

    A denial without policies is the default, because no policy permits the request. With `errors`, policies failed to evaluate.
    `shadow` are the policies that would have denied it, if they were enforced. `count` is above 1 for equal denials that the
    decision log keeps as one, with the inputs of the first.
    """

    at: datetime
    allowed: bool
    principal_kind: str
    principal_id: str
    permission: str
    resource_type: str
    resource_id: str
    inputs: Inputs
    policies: tuple[str, ...]
    shadow: tuple[str, ...]
    errors: int
    bundle_version: int
    request_id: str
    trace_id: str
    count: int = 1


class DecisionSink(Protocol):
    def record(self, decision: Decision) -> None:
        """Take a decision. It neither waits nor raises: a decision is in force whether or not it can be recorded."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the engine decided about a question, and why.

    `step_up` is given for a denial that a fresh sign-in with two factors, of at most this age, would end.
    """

    allowed: bool
    policies: tuple[str, ...]
    errors: int
    shadow: tuple[str, ...] = ()
    step_up_seconds: int | None = None

    def refusal(self, permission: str, *, names_policies: bool = False) -> DomainError:
        """Return the error of a denial: StepUpRequired if that would end it, otherwise AccessDenied."""
        if self.step_up_seconds is not None:
            return StepUpRequired(multi_factor=True, age_seconds_max=self.step_up_seconds)
        return (DeniedByPolicies if names_policies else AccessDenied)(permission=permission, policies=self.policies)


def decision_of(
    outcome: Outcome,
    actor: Actor,
    roles: Collection[str],
    permission: str,
    resource: Resource,
    facts: Mapping[str, object],
    *,
    version: int,
    at: datetime,
) -> Decision:
    """Return the record of an outcome for a request in progress."""
    return Decision(
        at=at,
        allowed=outcome.allowed,
        principal_kind=actor.kind.value,
        principal_id=actor.subject_id[:_NAME_LENGTH_MAX],
        permission=permission[:_NAME_LENGTH_MAX],
        resource_type=resource.type[:_NAME_LENGTH_MAX],
        resource_id=resource.id[:_NAME_LENGTH_MAX],
        inputs=Inputs(
            roles=tuple(sorted(roles)),
            organization_id=str(actor.organization_id or ""),
            interactive=actor.session_id is not None,
            ip=actor.ip,
            authenticated_at=actor.authenticated_at,
            methods=actor.methods,
            attributes=_bounded(resource.attributes),
            facts=_bounded(facts),
        ),
        policies=outcome.policies,
        shadow=outcome.shadow,
        errors=outcome.errors,
        bundle_version=version,
        request_id=telemetry.request_id() or actor.request_id,
        trace_id=telemetry.trace_id(),
    )


def _bounded(given: Mapping[str, object]) -> Mapping[str, object]:
    return {str(name)[:_NAME_LENGTH_MAX]: given[name] for name in sorted(given)[:_FACTS_MAX]}
