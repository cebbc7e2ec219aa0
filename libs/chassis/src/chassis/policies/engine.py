"""The embedded Cedar engine: denies by default and on any error."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import cedarpy
import structlog
from prometheus_client import Counter

from chassis.policies.bundle import PLATFORM, Bundle, InvalidBundle, Resource
from kernel.actor import Actor, ActorKind
from kernel.clock import Clock
from kernel.errors import AccessDenied, Unavailable

log = structlog.get_logger()

_DECISIONS = Counter("policy_decisions_total", "Policy decisions", ["permission", "decision"])
_ERRORS = Counter("policy_errors_total", "Decisions that denied because evaluation failed; each needs attention")

_PRINCIPALS: Final = {ActorKind.USER: "User", ActorKind.SERVICE: "Service", ActorKind.ANONYMOUS: "Anonymous"}
_HARMLESS: Final = (":read", ":read_any", ":view")
_REMEMBERED_MAX = 20_000


class Policies:
    """Decides with the bundle in force.

    Each bundle is parsed once. A decision depends only on the bundle and the question, so it is cached (bounded, cleared with
    the bundle). A bundle that was not confirmed for `staleness_seconds_max` allows only reads, and after `expiry_seconds_max`
    nothing.
    """

    def __init__(self, clock: Clock, *, staleness_seconds_max: float = 300, expiry_seconds_max: float = 3600) -> None:
        self._clock = clock
        self._staleness_max = timedelta(seconds=staleness_seconds_max)
        self._expiry_max = timedelta(seconds=expiry_seconds_max)
        self._bundle: Bundle | None = None
        self._policies = cedarpy.PolicySet.from_str("")
        self._schema: cedarpy.Schema | None = None
        self._exceeding: frozenset[str] = frozenset()
        self._confirmed_at: datetime | None = None
        self._remembered: dict[object, bool] = {}

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

    def load(self, bundle: Bundle) -> None:
        """Put a bundle in force; if it is invalid, keep the old one and raise InvalidBundle."""
        try:
            self._policies, self._schema = _parsed(bundle.policies, bundle.schema)
            self._exceeding = _exceeding_roles(bundle.policies)
        except ValueError as exc:
            raise InvalidBundle(f"bundle {bundle.version}: {exc}") from exc
        self._bundle = bundle
        self._remembered = {}
        self.confirm()

    def confirm(self) -> None:
        """Record that the bundle in force is still current."""
        self._confirmed_at = self._clock.now()

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
        self._refuse_stale(permission)
        resource = resource or PLATFORM
        question = _question(actor, permission, resource, context)
        allowed = self._remembered.get(question)
        if allowed is None:
            allowed = self._decide(actor, permission, resource, context or {})
            if len(self._remembered) >= _REMEMBERED_MAX:
                self._remembered.clear()
            self._remembered[question] = allowed
        return allowed

    def exceed_default(self, roles: Iterable[str]) -> bool:
        """Return whether roles permit more than the default role; raises Unavailable before the first bundle.

        Bundles of the previous release of governance name no such roles.
        """
        if self._bundle is None:
            raise Unavailable(dependency="governance", reason="no policy bundle yet")
        return not self._exceeding.isdisjoint(roles)

    def _refuse_stale(self, permission: str) -> None:
        if self._confirmed_at is None:
            raise Unavailable(dependency="governance", reason="no policy bundle yet")
        age = self._clock.now() - self._confirmed_at
        if age <= self._staleness_max:
            return
        if age > self._expiry_max or not permission.endswith(_HARMLESS):
            raise Unavailable(dependency="governance", reason="policy bundle too old", age_seconds=int(age.total_seconds()))

    def _decide(self, actor: Actor, permission: str, resource: Resource, context: Mapping[str, object]) -> bool:
        principal = {"type": _PRINCIPALS[actor.kind], "id": actor.subject_id}
        target = {"type": "Resource", "id": f"{resource.type}/{resource.id}"}
        request = {
            "principal": principal,
            "action": {"type": "Action", "id": permission},
            "resource": target,
            "context": json.dumps(dict(context)),
        }
        roles = [{"type": "Role", "id": role} for role in sorted(actor.roles)]
        entities: list[dict[str, Any]] = [
            {"uid": principal, "attrs": {}, "parents": roles},
            *({"uid": role, "attrs": {}, "parents": []} for role in roles),
            {"uid": target, "attrs": {"type": resource.type, "id": resource.id, **resource.attributes}, "parents": []},
        ]
        result = cedarpy.is_authorized(request, self._policies, json.dumps(entities), self._schema)
        errors = result.diagnostics.errors
        if errors:
            # Cedar skips a forbid that fails to evaluate, and would then allow: deny on any error.
            _ERRORS.inc()
            log.error("policy_error", permission=permission, version=self.version, errors=errors[:3])
        allowed = result.allowed and not errors
        _DECISIONS.labels(permission=permission, decision="allow" if allowed else "deny").inc()
        return allowed


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
def _exceeding_roles(policies_text: str) -> frozenset[str]:
    """Read from the annotations which roles permit more than the default role."""
    policies = json.loads(cedarpy.policies_to_json_str(policies_text))["staticPolicies"].values() if policies_text else ()
    annotations = [policy.get("annotations", {}) for policy in policies]
    return frozenset(each["id"].removeprefix("role:") for each in annotations if "exceeds" in each)


def _question(actor: Actor, permission: str, resource: Resource, context: Mapping[str, object] | None) -> object:
    # Exactly the input of _decide. As JSON, because True and 1 are the same dict key but different Cedar values.
    attributes = json.dumps(dict(resource.attributes)) if resource.attributes else ""
    facts = json.dumps(dict(context)) if context else ""
    return actor.kind, actor.subject_id, actor.roles, permission, resource.type, resource.id, attributes, facts
