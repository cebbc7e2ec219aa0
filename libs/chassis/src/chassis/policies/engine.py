"""The embedded Cedar engine: denies by default and on any error."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import cedarpy
import structlog
from prometheus_client import Counter

from chassis.policies.bundle import PLATFORM, Bundle, InvalidBundle, Resource
from chassis.policies.decisions import DecisionSink, Outcome
from chassis.policies.limited_roles import LimitedRoles, organization_of, teams_of
from chassis.policies.tallies import Tallies, Tally
from kernel.actor import Actor, ActorKind
from kernel.clock import Clock
from kernel.errors import AccessDenied, Unavailable

if TYPE_CHECKING:
    from chassis.settings import ServiceSettings

log = structlog.get_logger()

_TALLIES = Tallies()
_UNDECIDED = Counter("policy_undecided_total", "Requests refused because the policy bundle is too old")
_ERRORS = Counter("policy_errors_total", "Decisions that denied because evaluation failed; each needs attention")

_PRINCIPALS: Final = {ActorKind.USER: "User", ActorKind.SERVICE: "Service", ActorKind.ANONYMOUS: "Anonymous"}
_HARMLESS: Final = (":read", ":read_any", ":view")
# Attributes that bundles declare from this release on. Any other that is not declared is an error, which denies.
_OPTIONAL: Final = frozenset({"organization", "classification", "amount", "teams"})
_REMEMBERED_MAX = 20_000
STALENESS_SECONDS_MAX: Final = 300.0
EXPIRY_SECONDS_MAX: Final = 3600.0
ALLOWS_LOGGED_RATIO: Final = 0.01
_Remembered = tuple[Outcome, Tally]
_random = Random()  # noqa: S311  # chooses a sample, no secret


class Policies:
    """Decides with the bundle in force.

    Each bundle is parsed once. A decision depends only on the bundle and the question, so it is cached (bounded, cleared with
    the bundle). A bundle that was not confirmed for `staleness_seconds_max` allows only reads, and after `expiry_seconds_max`
    nothing. `decisions` gets every denial and `allows_logged_ratio` of the rest, cached or not; `sample` returns a number from 0
    to 1 for each.
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
    ) -> None:
        self.clock = clock
        self.staleness_seconds_max = staleness_seconds_max
        self._expiry_seconds_max = expiry_seconds_max
        self._decisions = decisions
        self._allows_logged_ratio = allows_logged_ratio
        self._sample = sample
        self._bundle: Bundle | None = None
        self._policies = cedarpy.PolicySet.from_str("")
        self._schema: cedarpy.Schema | None = None
        self.limited_roles = LimitedRoles()
        self._exceeding: frozenset[str] = frozenset()
        self._included: Mapping[str, frozenset[str]] = {}
        self._retired: frozenset[str] = frozenset()
        self._known: Mapping[str, frozenset[str]] = {}
        self._confirmed_at = float("-inf")
        self._remembered: dict[object, _Remembered] = {}

    @classmethod
    def of(cls, settings: "ServiceSettings", clock: Clock, decisions: DecisionSink) -> "Policies":
        """Make the engine of a process."""
        return cls(
            clock,
            staleness_seconds_max=settings.policy_staleness_seconds,
            expiry_seconds_max=settings.policy_expiry_seconds,
            decisions=decisions,
            allows_logged_ratio=settings.policy_allows_logged_ratio,
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
        return self._schema is not None

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
        try:
            self._policies, self._schema = _parsed(bundle.policies, bundle.schema)
            self._exceeding, self._included, self._retired = _annotated_roles(bundle.policies)
            self._known = _attributes(bundle.schema)
        except ValueError as exc:
            raise InvalidBundle(f"bundle {bundle.version}: {exc}") from exc
        self._bundle = bundle
        self._remembered = {}
        self.confirm(as_of=as_of)

    def confirm(self, *, as_of: float | None = None) -> None:
        """Record that the bundle in force was current: at `as_of`, a value of the clock's `elapsed`, by default the present."""
        self._confirmed_at = self.clock.elapsed() if as_of is None else as_of

    def require(
        self, actor: Actor, permission: str, resource: Resource | None = None, context: Mapping[str, object] | None = None
    ) -> None:
        """Raise AccessDenied unless the actor has the permission, or Unavailable if that cannot be decided."""
        if not self.allows(actor, permission, resource, context):
            raise AccessDenied(permission=permission)

    def allows(
        self, actor: Actor, permission: str, resource: Resource | None = None, context: Mapping[str, object] | None = None
    ) -> bool:
        """Return whether the actor has the permission; raises Unavailable if that cannot be decided."""
        resource = resource or PLATFORM
        return self._allows(actor, self._roles_on(actor, resource), permission, resource, context)

    def allows_within(
        self, actor: Actor, permission: str, organization_id: UUID | None, /, *, teams: Sequence[UUID] = ()
    ) -> bool:
        """Return whether the actor has the permission for what belongs to an organization, or for what belongs to none.

        `teams` are the team to which it belongs, and the teams of which that is a part.
        """
        if organization_id is None:
            return self.allows(actor, permission)
        name = str(organization_id)
        of_teams = {"teams": [str(team) for team in teams]} if teams else {}
        return self.allows(actor, permission, Resource("organization", name, {"organization": name, **of_teams}))

    def allows_somewhere(self, actor: Actor, permission: str) -> bool:
        """Return whether the actor has the permission at all: everywhere, or by a role for some organization.

        It admits to operations that then ask about the resource. By itself it permits nothing. Raises Unavailable.
        """
        roles = self._with_included(actor.roles | self.limited_roles.anywhere(actor.subject_id, at=self._now))
        return self._allows(actor, roles, permission, PLATFORM, None)

    def _allows(
        self,
        actor: Actor,
        roles: frozenset[str],
        permission: str,
        resource: Resource,
        context: Mapping[str, object] | None,
    ) -> bool:
        self._refuse_stale(permission)
        question = _question(actor, roles, permission, resource, context)
        remembered = self._remembered.get(question)
        if remembered is None:
            outcome = self._decide(actor, roles, permission, resource, context or {})
            tally = _TALLIES.of(permission, allowed=outcome.allowed)
            if len(self._remembered) >= _REMEMBERED_MAX:
                self._remembered.clear()
            remembered = self._remembered[question] = outcome, tally
        outcome, tally = remembered
        tally.count += 1
        if self._decisions is not None and (not outcome.allowed or self._sample() < self._allows_logged_ratio):
            now = self.clock.now()
            self._decisions.record(outcome.record_of(actor, permission, resource, context or {}, version=self.version, at=now))
        return outcome.allowed

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
        return self._exceeding.intersection(roles)

    def _refuse_stale(self, permission: str) -> None:
        age = self.clock.elapsed() - self._confirmed_at
        if age <= self.staleness_seconds_max:
            return
        if self._bundle is None:
            raise Unavailable(dependency="governance", reason="no policy bundle yet")
        if age > self._expiry_seconds_max or not permission.endswith(_HARMLESS):
            _UNDECIDED.inc()
            raise Unavailable(dependency="governance", reason="policy bundle too old", age_seconds=int(age))

    def _decide(
        self, actor: Actor, roles: frozenset[str], permission: str, resource: Resource, context: Mapping[str, object]
    ) -> Outcome:
        principal = {"type": _PRINCIPALS[actor.kind], "id": actor.subject_id}
        target = {"type": "Resource", "id": f"{resource.type}/{resource.id}"}
        request = {
            "principal": principal,
            "action": {"type": "Action", "id": permission},
            "resource": target,
            "context": json.dumps(dict(context)),
        }
        parents = [{"type": "Role", "id": role} for role in sorted(roles)]
        organization = {"organization": str(actor.organization_id)} if actor.organization_id else {}
        of_target = {"type": resource.type, "id": resource.id, **resource.attributes}
        entities: list[dict[str, Any]] = [
            {"uid": principal, "attrs": self._declared(principal["type"], organization), "parents": parents},
            *({"uid": role, "attrs": {}, "parents": []} for role in parents),
            {"uid": target, "attrs": self._declared(target["type"], of_target), "parents": []},
        ]
        result = cedarpy.is_authorized(request, self._policies, json.dumps(entities), self._schema)
        errors = result.diagnostics.errors
        if errors:
            # Cedar skips a forbid that fails to evaluate, and would then allow: deny on any error.
            _ERRORS.inc()
            log.error("policy_error", permission=permission, version=self.version, errors=errors[:3])
        return Outcome(
            allowed=result.allowed and not errors,
            policies=tuple(sorted(_names(result.diagnostics))),
            errors=len(errors),
        )

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
        if not self._retired.isdisjoint(roles):
            roles -= self._retired
        if self._included.keys().isdisjoint(roles):
            return roles
        return roles.union(*(self._included.get(role, ()) for role in roles))

    def _declared(self, entity_type: str, attributes: Mapping[str, object]) -> dict[str, object]:
        """Leave out what a bundle of the previous release does not declare, because none of its policies reads it."""
        unknown = _OPTIONAL - self._known.get(entity_type, frozenset())
        return {name: value for name, value in attributes.items() if name not in unknown}


def _names(diagnostics: cedarpy.Diagnostics) -> Iterable[str]:
    """Return the deciding policies by their @id annotations; Cedar's own ids are positions in the text."""
    names = diagnostics.id_annotations_by_reason
    return {names.get(reason) or reason for reason in diagnostics.reasons}


@lru_cache(maxsize=2)
def _parsed(policies_text: str, schema_text: str) -> tuple[cedarpy.PolicySet, cedarpy.Schema]:
    """Parse and validate; raises ValueError. The same text is parsed only once (30 ms)."""
    policies = cedarpy.PolicySet.from_str(policies_text)
    schema = cedarpy.Schema.from_json_str(schema_text)
    validation = cedarpy.validate_policies(policies_text, schema)
    if not validation.validation_passed:
        raise ValueError("; ".join(str(error) for error in validation.errors[:5]))
    return policies, schema


@lru_cache(maxsize=2)
def _attributes(schema_text: str) -> Mapping[str, frozenset[str]]:
    """Read from the schema which attributes each type of entity may have."""
    types: dict[str, dict[str, Any]] = json.loads(schema_text).get("", {}).get("entityTypes", {})
    return {name: frozenset(each.get("shape", {}).get("attributes", ())) for name, each in types.items()}


@lru_cache(maxsize=2)
def _annotated_roles(policies_text: str) -> tuple[frozenset[str], Mapping[str, frozenset[str]], frozenset[str]]:
    """Read from the annotations which roles exceed the default role, which roles each one includes, and which are retired."""
    policies = json.loads(cedarpy.policies_to_json_str(policies_text))["staticPolicies"].values() if policies_text else ()
    annotations = [policy.get("annotations", {}) for policy in policies]
    roles = [(each["id"].removeprefix("role:"), each) for each in annotations if each.get("id", "").startswith("role:")]
    exceeding = frozenset(role for role, each in roles if "exceeds" in each)
    included = {role: frozenset(each["includes"].split(",")) for role, each in roles if "includes" in each}
    return exceeding, included, frozenset(role for role, each in roles if "retired" in each)


def _question(
    actor: Actor, roles: frozenset[str], permission: str, resource: Resource, context: Mapping[str, object] | None
) -> object:
    # Exactly the input of _decide. As JSON, because True and 1 are the same dict key but different Cedar values.
    attributes = json.dumps(dict(resource.attributes)) if resource.attributes else ""
    facts = json.dumps(dict(context)) if context else ""
    who = actor.kind, actor.subject_id, roles, actor.organization_id
    return *who, permission, resource.type, resource.id, attributes, facts
