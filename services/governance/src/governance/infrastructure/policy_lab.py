"""Try policies that are not in force, in the engine that every service embeds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from chassis.policies import Bundle, Policies, Resource
from chassis.policies.environment import environment_of
from elcorp.platform.v1.policy_questions_pb2 import RequestEnvironment
from governance.application.ports.recorded_decisions import RecordedDecision
from governance.domain.policies import CompiledPolicies
from governance.domain.policy_case import PolicyCase, Verdict
from governance.domain.vocabulary import FactType, Vocabulary
from kernel.actor import Actor, ActorKind
from kernel.business_time import SpecialDays
from kernel.clock import Clock

_EXTENSIONS: Final = {FactType.DECIMAL: "decimal", FactType.IP_ADDRESS: "ip", FactType.TIME: "datetime"}
_A_SESSION: Final = UUID(int=1)


@dataclass(frozen=True, slots=True)
class EnginePolicyLab:
    """The PolicyLab of governance."""

    vocabulary: Vocabulary
    special_days: SpecialDays
    clock: Clock

    def open(self, compiled: CompiledPolicies) -> "TriedPolicies":
        """Load policies. Raise InvalidBundle."""
        return TriedPolicies(compiled, self.vocabulary, self.special_days, self.clock)


class TriedPolicies:
    """Policies of one bundle. One question at a time: not for several threads."""

    def __init__(self, compiled: CompiledPolicies, vocabulary: Vocabulary, special_days: SpecialDays, clock: Clock) -> None:
        self._vocabulary = vocabulary
        self._special_days = special_days
        self._environment = RequestEnvironment()
        self._engine = Policies(clock, environment=lambda _actor, _at: self._environment, is_trial=True)
        self._engine.load(Bundle(1, compiled.policies, compiled.schema, compiled.shadow))

    def judge(self, case: PolicyCase) -> Verdict:
        """Decide a case."""
        self._environment = RequestEnvironment(**_set(case.full_environment))
        actor = Actor(
            kind=ActorKind.USER,
            subject_id=case.subject_id,
            roles=case.roles,
            organization_id=UUID(case.organization_id) if case.organization_id else None,
        )
        attributes = {name: value for name, value in case.attributes.items() if value is not None}
        return self._decide(actor, case.action, Resource(case.resource_type, case.resource_id, attributes), self._facts(case))

    def judge_again(self, recorded: RecordedDecision) -> Verdict:
        """Decide again what was decided, as of then: by the roles, the facts and the time of that request."""
        actor = Actor(
            kind=ActorKind(recorded.kind),
            subject_id=recorded.subject_id,
            roles=frozenset(recorded.roles),
            session_id=_A_SESSION if recorded.interactive else None,
            ip=recorded.ip,
            authenticated_at=recorded.authenticated_at,
            methods=recorded.methods,
            organization_id=UUID(recorded.organization_id) if recorded.organization_id else None,
        )
        self._environment = environment_of(actor, recorded.at, special_days=self._special_days)
        resource = Resource(recorded.resource_type, recorded.resource_id, recorded.attributes)
        return self._decide(actor, recorded.permission, resource, recorded.facts)

    def _decide(self, actor: Actor, action: str, resource: Resource, facts: Mapping[str, object]) -> Verdict:
        outcome = self._engine.decide(actor, action, resource, facts)
        return Verdict(outcome.allowed, outcome.policies)

    def _facts(self, case: PolicyCase) -> Mapping[str, object]:
        """Return the facts as Cedar values."""
        known = self._vocabulary.facts_about(case.action)
        return {name: cedar_value(known[name].type, value) for name, value in case.facts.items() if name in known}


def cedar_value(of: FactType, value: object) -> object:
    extension = _EXTENSIONS.get(of)
    return {"__extn": {"fn": extension, "arg": value}} if extension else value


def _set(values: Mapping[str, object]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
