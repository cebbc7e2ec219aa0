"""The decision point, on the engine that every service embeds."""

from datetime import datetime, timedelta
from uuid import UUID

from chassis.policies import Policies, Resource
from chassis.policies.environment import LONG_AGO_MINUTES
from governance.domain.access_question import AccessAnswer, AccessQuestion
from governance.domain.vocabulary import Vocabulary
from governance.infrastructure.policy_lab import cedar_value
from kernel.actor import Actor, ActorKind
from kernel.assurance import MULTI_FACTOR
from kernel.clock import Clock

_A_SESSION = UUID(int=1)


class EngineDecisionPoint:
    """Decides with the policies in force in this process, and its copy of roles within limits."""

    def __init__(self, policies: Policies, vocabulary: Vocabulary, clock: Clock) -> None:
        self._policies = policies
        self._vocabulary = vocabulary
        self._clock = clock

    def decide(self, question: AccessQuestion, roles: frozenset[str]) -> AccessAnswer:
        """Raise Unavailable if the policies are not known or too old."""
        known = self._vocabulary.questions.get(question.action)
        declared = known.facts if known else {}
        facts = {name: cedar_value(declared[name].type, value) for name, value in question.facts.items() if name in declared}
        told = self._vocabulary.attributes_of(question.action)
        attributes = {name: question.attributes[name] for name in told if name in question.attributes}
        resource = Resource(question.resource_type, question.resource_id, attributes)
        actor = _person(question, self._policies.roles_everywhere(question.subject_id, roles), at=self._clock.now())
        outcome = self._policies.decide(actor, question.action, resource, facts, on_record=True)
        return AccessAnswer(outcome.allowed, outcome.policies, bundle_version=self._policies.version)


def _person(question: AccessQuestion, roles: frozenset[str], *, at: datetime) -> Actor:
    """Return the person in a session as the application describes it."""
    facts = question.facts
    ago = facts.get("minutes_since_sign_in")
    ip = facts.get("ip")
    return Actor(
        kind=ActorKind.USER,
        subject_id=question.subject_id,
        roles=roles,
        session_id=_A_SESSION if facts.get("interactive", True) else None,
        ip=ip if isinstance(ip, str) else "",
        authenticated_at=at - timedelta(minutes=min(max(ago, 0), LONG_AGO_MINUTES)) if isinstance(ago, int) else None,
        methods=(MULTI_FACTOR,) if facts.get("two_factors") else (),
    )
