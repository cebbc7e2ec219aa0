"""The embedded Cedar engine: denies by default and on any error."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import cedarpy
import structlog
from google.protobuf.message import Message
from prometheus_client import Counter

from chassis.business_time.namibia import namibian_special_days
from chassis.policies.bundle import PLATFORM, Bundle, Resource
from chassis.policies.cedar_json import to_json
from chassis.policies.decisions import DecisionSink, Outcome, decision_of
from chassis.policies.entities import KnownEntities, entities_key, principal_of, target_of
from chassis.policies.environment import environment_of
from chassis.policies.facts import facts_of
from chassis.policies.limited_roles import LimitedRoles, organization_of, teams_of
from chassis.policies.parsed_bundle import ENVIRONMENT, NOTHING, ParsedBundle
from chassis.policies.tallies import Tallies, Tally
from elcorp.platform.v1.policy_questions_pb2 import RequestEnvironment
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import DomainError, Unavailable

if TYPE_CHECKING:
    from chassis.settings import ServiceSettings

log = structlog.get_logger()

_TALLIES = Tallies()
_UNDECIDED = Counter("policy_undecided_total", "Requests refused because the policy bundle is too old")
_ERRORS = Counter("policy_errors_total", "Decisions that denied because evaluation failed; each needs attention")

_HARMLESS: Final = (":read", ":read_any", ":view")
_REMEMBERED_MAX = 20_000
_FAILED: Final = re.compile(r"policy `([^`]+)`")
# Roles are few, and so are their combinations.
_ABOUT_MAX: Final = 2_000
MANAGE_POLICIES: Final = "policy:manage"
STALENESS_SECONDS_MAX: Final = 300.0
EXPIRY_SECONDS_MAX: Final = 3600.0
ALLOWS_LOGGED_RATIO: Final = 0.01
_Remembered = tuple[Outcome, Tally]
Facts = Message | Mapping[str, object]
DescribeRequest = Callable[[Actor, datetime], RequestEnvironment]
_random = Random()  # noqa: S311  # chooses a sample, no secret


class Policies:
    """Decides with the bundle in force.

    Each bundle is parsed once. A decision depends only on the bundle and the question, so it is cached (bounded, cleared with
    the bundle). A bundle that was not confirmed for `staleness_seconds_max` allows only reads, and after `expiry_seconds_max`
    nothing. `environment` describes a request of an actor at a time. `decisions` gets every denial and `allows_logged_ratio` of
    the rest, cached or not; `sample` returns a number from 0 to 1 for each. With `is_trial`, it counts and reports nothing.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        staleness_seconds_max: float = STALENESS_SECONDS_MAX,
        expiry_seconds_max: float = EXPIRY_SECONDS_MAX,
        decisions: DecisionSink | None = None,
        allows_logged_ratio: float = ALLOWS_LOGGED_RATIO,
        sample: Callable[[], float] = _random.random,
        environment: DescribeRequest | None = None,
        is_trial: bool = False,
    ) -> None:
        self.clock = clock
        self.staleness_seconds_max = staleness_seconds_max
        self._expiry_seconds_max = expiry_seconds_max
        self._decisions = decisions
        self._allows_logged_ratio = allows_logged_ratio
        self._sample = sample
        self._environment = environment or partial(environment_of, special_days=namibian_special_days({}))
        self._is_trial = is_trial
        self._bundle: Bundle | None = None
        self._parsed = ParsedBundle()
        self._entities = KnownEntities(self._parsed)
        self.limited_roles = LimitedRoles()
        self._confirmed_at = float("-inf")
        self._remembered: dict[object, _Remembered] = {}
        self._about: dict[tuple[str, frozenset[str]], cedarpy.PolicySet] = {}

    @classmethod
    def of(cls, settings: "ServiceSettings", clock: Clock, decisions: DecisionSink) -> "Policies":
        """Make the engine of a process."""
        return cls(
            clock,
            staleness_seconds_max=settings.policy_staleness_seconds,
            expiry_seconds_max=settings.policy_expiry_seconds,
            decisions=decisions,
            allows_logged_ratio=settings.policy_allows_logged_ratio,
            environment=partial(environment_of, special_days=namibian_special_days(settings.declared_days)),
        )

    @property
    def version(self) -> int:
        """The version in force, 0 if there is none."""
        return self._bundle.version if self._bundle else 0

    @property
    def bundle(self) -> Bundle | None:
        """The bundle in force, for readers of its other contents; each load creates another object."""
        return self._bundle

    @property
    def loaded(self) -> bool:
        return self._parsed.schema is not None

    @property
    def confirmed_at(self) -> float:
        """When the bundle was last known to be current, as a value of the clock's `elapsed`."""
        return self._confirmed_at

    @property
    def age_seconds(self) -> float:
        """Seconds since the bundle was last known to be current; infinite before the first bundle."""
        return self.clock.elapsed() - self._confirmed_at

    @property
    def is_stale(self) -> bool:
        """Whether only reads are decided."""
        return self.age_seconds > self.staleness_seconds_max

    @property
    def is_expired(self) -> bool:
        """Whether nothing is decided."""
        return self.age_seconds > self._expiry_seconds_max

    def load(self, bundle: Bundle, *, as_of: float | None = None) -> None:
        """Put a bundle in force; if it is invalid, keep the old one and raise InvalidBundle. `as_of`: see `confirm`."""
        self._parsed = ParsedBundle.of(bundle)
        self._entities = KnownEntities(self._parsed)
        self._bundle = bundle
        self._remembered, self._about = {}, {}
        self.confirm(as_of=as_of)

    def confirm(self, *, as_of: float | None = None) -> None:
        """Record that the bundle in force was current: at `as_of`, a value of the clock's `elapsed`, by default the present."""
        self._confirmed_at = self.clock.elapsed() if as_of is None else as_of

    def require(self, actor: Actor, permission: str, resource: Resource | None = None, facts: Facts | None = None) -> None:
        """Raise unless the actor has the permission: AccessDenied, StepUpRequired, or Unavailable if that cannot be decided."""
        outcome = self.decide(actor, permission, resource, facts)
        if not outcome.allowed:
            raise self.refusal_of(outcome, actor, permission)

    def refusal_of(self, outcome: Outcome, actor: Actor, permission: str) -> DomainError:
        """Return the error of a denial: AccessDenied, which names the policies to who may change them, or StepUpRequired."""
        return outcome.refusal(permission, names_policies=self.manages_policies(actor))

    def manages_policies(self, actor: Actor, /) -> bool:
        """Return whether policies may be named to the actor; not counted or recorded, as the actor did not ask for it."""
        if MANAGE_POLICIES not in self._parsed.actions:
            return False
        roles, context = self._roles_on(actor, PLATFORM), self._context(actor, MANAGE_POLICIES, None)
        return self._evaluate(actor, roles, MANAGE_POLICIES, PLATFORM, context).allowed

    def allows(self, actor: Actor, permission: str, resource: Resource | None = None, facts: Facts | None = None) -> bool:
        """Return whether the actor has the permission; raises Unavailable if that cannot be decided."""
        return self.decide(actor, permission, resource, facts).allowed

    def decide(
        self,
        actor: Actor,
        permission: str,
        resource: Resource | None = None,
        facts: Facts | None = None,
        *,
        on_record: bool = False,
    ) -> Outcome:
        """Decide whether the actor has the permission; raises Unavailable if that cannot be decided.

        `facts` are a message of the contract that declares the question, or Cedar values by name. A bundle gets those that some
        of its policies reads. With `on_record`, the decision is recorded whatever it is.
        """
        resource = resource or PLATFORM
        return self._decided(actor, self._roles_on(actor, resource), permission, resource, facts, on_record=on_record)

    def asks_about(self, permission: str) -> bool:
        """Return whether a policy in force reads what only a service knows about an action: facts, or the resource.

        If none does, only the permission is to be asked.
        """
        return permission in self._parsed.asking

    def allows_within(
        self, actor: Actor, permission: str, organization_id: UUID | None, /, *, teams: Sequence[UUID] = ()
    ) -> bool:
        """Return whether the actor has the permission for what belongs to an organization, or for what belongs to none.

        `teams` are the team to which it belongs, and the teams of which that is a part.
        """
        return self.decide_within(actor, permission, organization_id, teams=teams).allowed

    def require_within(
        self, actor: Actor, permission: str, organization_id: UUID | None, /, *, teams: Sequence[UUID] = ()
    ) -> None:
        """As `require`, for what belongs to an organization, or to a team of it."""
        outcome = self.decide_within(actor, permission, organization_id, teams=teams)
        if not outcome.allowed:
            raise self.refusal_of(outcome, actor, permission)

    def decide_within(
        self, actor: Actor, permission: str, organization_id: UUID | None, /, *, teams: Sequence[UUID] = ()
    ) -> Outcome:
        """As `allows_within`, with the reasons."""
        if organization_id is None:
            return self.decide(actor, permission)
        name = str(organization_id)
        of_teams = {"teams": [str(team) for team in teams]} if teams else {}
        return self.decide(actor, permission, Resource("organization", name, {"organization": name, **of_teams}))

    def decide_somewhere(self, actor: Actor, permission: str) -> Outcome:
        """Decide whether the actor has the permission at all: everywhere, or by a role for some organization.

        It admits to operations that then ask about the resource. By itself it permits nothing. Raises Unavailable.
        """
        roles = self._with_included(actor.roles | self.limited_roles.anywhere(actor.subject_id, at=self._now))
        return self._decided(actor, roles, permission, PLATFORM, None)

    def _decided(
        self,
        actor: Actor,
        roles: frozenset[str],
        permission: str,
        resource: Resource,
        given: Facts | None,
        *,
        on_record: bool = False,
    ) -> Outcome:
        self._refuse_stale(permission)
        context = self._context(actor, permission, given)
        question = _question(actor, roles, permission, resource, context)
        remembered = self._remembered.get(question)
        if remembered is None:
            outcome = self._evaluate(actor, roles, permission, resource, context)
            tally = Tally() if self._is_trial else _TALLIES.of(permission, allowed=outcome.allowed)
            if len(self._remembered) >= _REMEMBERED_MAX:
                self._remembered.clear()
            remembered = self._remembered[question] = outcome, tally
        outcome, tally = remembered
        tally.count += 1
        if self._decisions is not None and (on_record or self._is_recorded(outcome)):
            facts = _all_facts(given)
            at = self.clock.now()
            self._decisions.record(decision_of(outcome, actor, roles, permission, resource, facts, version=self.version, at=at))
        return outcome

    def _is_recorded(self, outcome: Outcome) -> bool:
        return not outcome.allowed or bool(outcome.shadow) or self._sample() < self._allows_logged_ratio

    def _context(self, actor: Actor, permission: str, given: Facts | None) -> Mapping[str, object]:
        """Return what some policy reads of the question and its environment: what the bundle declares for the action."""
        names = self._parsed.facts.get(permission, NOTHING)
        if not names:
            return {}
        if given is None:
            context = {}
        elif isinstance(given, Message):
            context = dict(facts_of(given, names))
        else:
            context = {name: value for name, value in given.items() if name in names}
        if not names.isdisjoint(ENVIRONMENT):
            context.update(facts_of(self._environment(actor, self.clock.now()), names))
        return context

    def roles_everywhere(self, subject_id: str, roles: frozenset[str], /) -> frozenset[str]:
        """Return the roles that a subject has everywhere now, from those of its token: also dated ones, and what all include.

        Roles that were retired are not among them.
        """
        if self.limited_roles.has(subject_id):
            roles |= self.limited_roles.on(subject_id, organization_id=None, at=self._now)
        return self._with_included(roles)

    def roles_beyond_default(self, subject_id: str, roles: Iterable[str], /) -> frozenset[str]:
        """Return those of a subject's roles, also within limits, that permit more than the default role.

        Raises Unavailable before the first bundle. Bundles of the previous release of governance name no such roles.
        """
        if self._bundle is None:
            raise Unavailable(dependency="governance", reason="no policy bundle yet")
        if self.limited_roles.has(subject_id):
            roles = {*roles, *self.limited_roles.anywhere(subject_id, at=self._now)}
        return self._parsed.exceeding.intersection(roles)

    def _refuse_stale(self, permission: str) -> None:
        age = self.clock.elapsed() - self._confirmed_at
        if age <= self.staleness_seconds_max:
            return
        if self._bundle is None:
            raise Unavailable(dependency="governance", reason="no policy bundle yet")
        if age > self._expiry_seconds_max or not permission.endswith(_HARMLESS):
            _UNDECIDED.inc()
            raise Unavailable(dependency="governance", reason="policy bundle too old", age_seconds=int(age))

    def _evaluate(
        self, actor: Actor, roles: frozenset[str], permission: str, resource: Resource, context: Mapping[str, object]
    ) -> Outcome:
        request = {
            "principal": principal_of(actor),
            "action": {"type": "Action", "id": permission},
            "resource": target_of(resource),
            "context": to_json(context),
        }
        try:
            entities = self._entities.of(actor, roles, resource)
        except ValueError as problem:
            self._report(permission, [str(problem)])
            return Outcome(allowed=False, policies=(), errors=1)
        result = cedarpy.is_authorized(request, self._policies_about(permission, roles), entities, self._parsed.schema)
        errors = self._errors_of(result, permission)
        names = _failed(result, self._parsed.statements) if errors else tuple(sorted(_names(result.diagnostics)))
        allowed = result.allowed and not errors
        return Outcome(
            allowed=allowed,
            policies=names,
            errors=errors,
            shadow=self._would_deny(request, entities) if allowed and permission in self._parsed.shadowed else (),
            step_up_seconds=None if allowed or errors else self._step_up(names, request, entities),
        )

    def _policies_about(self, permission: str, roles: frozenset[str]) -> cedarpy.PolicySet:
        key = permission, roles
        found = self._about.get(key)
        if found is None:
            if len(self._about) >= _ABOUT_MAX:
                self._about.clear()
            found = self._about[key] = self._parsed.about(permission, roles)
        return found

    def _would_deny(self, request: dict[str, Any], entities: cedarpy.Entities) -> tuple[str, ...]:
        result = cedarpy.is_authorized(request, self._parsed.shadow, entities, self._parsed.schema)
        # In force, one that fails would deny too.
        failed = _failed(result, self._parsed.shadow_statements) if self._errors_of(result, request["action"]["id"]) else ()
        return tuple(sorted({*failed, *(() if result.allowed else _names(result.diagnostics))}))

    def _errors_of(self, result: cedarpy.AuthzResult, permission: str) -> int:
        errors = result.diagnostics.errors
        if errors:
            # Cedar skips a forbid that fails to evaluate, and would then allow: deny on any error.
            self._report(permission, errors)
        return len(errors)

    def _report(self, permission: str, errors: Sequence[str]) -> None:
        if not self._is_trial:
            _ERRORS.inc()
            log.error("policy_error", permission=permission, version=self.version, errors=errors[:3])

    def _step_up(self, deciding: Sequence[str], request: dict[str, Any], entities: cedarpy.Entities) -> int | None:
        """Return the age of the sign-in that ends a denial by these policies; None if it would not end it."""
        if not deciding or any(name not in self._parsed.step_ups for name in deciding):
            return None
        if not cedarpy.is_authorized(request, self._parsed.but_step_ups, entities, self._parsed.schema).allowed:
            # Nobody is asked for a second factor only to be denied.
            return None
        return min(self._parsed.step_ups[name] for name in deciding)

    @property
    def _now(self) -> float:
        return self.clock.now().timestamp()

    def _roles_on(self, actor: Actor, resource: Resource) -> frozenset[str]:
        roles = actor.roles
        if self.limited_roles.has(actor.subject_id):
            roles |= self.limited_roles.on(
                actor.subject_id,
                organization_id=organization_of(resource.attributes),
                teams=teams_of(resource.attributes),
                at=self._now,
            )
        return self._with_included(roles)

    def _with_included(self, roles: frozenset[str]) -> frozenset[str]:
        """Add the roles that these include: a rule about a role also concerns roles that include it. Leave out retired ones."""
        if not self._parsed.retired.isdisjoint(roles):
            roles -= self._parsed.retired
        if self._parsed.included.keys().isdisjoint(roles):
            return roles
        return roles.union(*(self._parsed.included.get(role, ()) for role in roles))


def _names(diagnostics: cedarpy.Diagnostics) -> Iterable[str]:
    """Return the deciding policies by their @id annotations; Cedar's own ids are positions in the text."""
    names = diagnostics.id_annotations_by_reason
    return {names.get(reason) or reason for reason in diagnostics.reasons}


def _failed(result: cedarpy.AuthzResult, statements: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the policies that could not be evaluated; Cedar has their ids only in its messages."""
    failed = [found.group(1) for error in result.diagnostics.errors if (found := _FAILED.search(str(error)))]
    return tuple(sorted({statements[name].get("annotations", {}).get("id", name) for name in failed if name in statements}))


def _all_facts(given: Facts | None) -> Mapping[str, object]:
    """Return all facts of a question, for the record: later policies may read others."""
    if given is None:
        return {}
    return facts_of(given, given.DESCRIPTOR.fields_by_name) if isinstance(given, Message) else dict(given)


def _question(actor: Actor, roles: frozenset[str], permission: str, resource: Resource, context: Mapping[str, object]) -> object:
    # Exactly the input of _evaluate.
    return *entities_key(actor, roles, resource), permission, to_json(context) if context else ""
