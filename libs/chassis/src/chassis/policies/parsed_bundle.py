"""A bundle as the engine evaluates it, and what its annotations say."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import cedarpy

from chassis.policies.bundle import Bundle, InvalidBundle
from elcorp.platform.v1.policy_questions_pb2 import RequestEnvironment

NOTHING: Final[frozenset[str]] = frozenset()
ENVIRONMENT: Final = frozenset(RequestEnvironment.DESCRIPTOR.fields_by_name)
_NO_POLICIES: Final[dict[str, Any]] = {"staticPolicies": {}, "templates": {}, "templateLinks": []}
_EMPTY: Final = cedarpy.PolicySet.from_str("")


@dataclass(frozen=True, slots=True)
class ParsedBundle:
    """What the engine evaluates, and what it reads before.

    `statements` are the policies as JSON, by the ids that the engine gives them; `shadow_statements` those of `shadow`. `shadow`
    has the policies that are not enforced, with a permit of everything; `shadowed` are the actions that they concern. `step_ups`
    are the policies that only ask for a sign-in with two factors, with its age in seconds; `but_step_ups` all others.

    `exceeding` are the roles that permit more than the default role, `included` what each role includes. `attributes` are the
    declared ones of each type of entity, `facts` those about each action, `actions` all of them. `asking` are the actions about
    which some policy reads the resource, or facts that only the service knows that asks.
    """

    policies: cedarpy.PolicySet = _EMPTY
    schema: cedarpy.Schema | None = None
    shadow: cedarpy.PolicySet = _EMPTY
    shadowed: frozenset[str] = NOTHING
    exceeding: frozenset[str] = NOTHING
    included: Mapping[str, frozenset[str]] = field(default_factory=dict)
    retired: frozenset[str] = NOTHING
    step_ups: Mapping[str, int] = field(default_factory=dict)
    but_step_ups: cedarpy.PolicySet = _EMPTY
    attributes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    facts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    statements: Mapping[str, Any] = field(default_factory=dict)
    shadow_statements: Mapping[str, Any] = field(default_factory=dict)
    asking: frozenset[str] = NOTHING
    actions: frozenset[str] = NOTHING

    @classmethod
    def of(cls, bundle: Bundle) -> "ParsedBundle":
        """Raise InvalidBundle."""
        try:
            return _parsed(bundle.policies, bundle.schema, bundle.shadow)
        except ValueError as exc:
            raise InvalidBundle(f"bundle {bundle.version}: {exc}") from exc

    def about(self, action: str, roles: frozenset[str]) -> cedarpy.PolicySet:
        """Return the policies whose scope can match an action of a person with these roles.

        The others decide nothing: a permit of a role that the person does not have, a policy about other actions. Cedar would try
        them one by one.
        """
        chosen = {name: policy for name, policy in self.statements.items() if _can_match(policy, action, roles)}
        return cedarpy.PolicySet.from_json_str(json.dumps({**_NO_POLICIES, "staticPolicies": chosen}))


def _can_match(policy: Mapping[str, Any], action: str, roles: frozenset[str]) -> bool:
    named = _entities(policy["action"])
    if named and all(each["id"] != action for each in named):
        return False
    principal = policy["principal"]
    within = _entities(principal.get("in", principal) if principal["op"] in {"in", "is"} else {})
    return not within or any(each["type"] != "Role" or each["id"] in roles for each in within)


def _entities(scope: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = scope.get("entities") or ([scope["entity"]] if "entity" in scope else [])
    return found


# The one in force, the next, and two that are compared.
@lru_cache(maxsize=4)
def _parsed(policies_text: str, schema_text: str, shadow_text: str) -> ParsedBundle:
    """Parse and validate; raises ValueError. The same text is parsed only once (30 ms)."""
    schema = cedarpy.Schema.from_json_str(schema_text)
    policies = _valid(policies_text, schema)
    read, in_shadow = _read(policies_text), _read(shadow_text)
    annotated = [policy.get("annotations", {}) for policy in read.values()]
    roles = {each["id"].removeprefix("role:"): each for each in annotated if each.get("id", "").startswith("role:")}
    step_ups = {name for name, policy in read.items() if "step_up" in policy.get("annotations", {})}
    declared: dict[str, Any] = json.loads(schema_text).get("", {})
    return ParsedBundle(
        policies=policies,
        schema=schema,
        shadow=_valid(f"{shadow_text}\n\npermit(principal, action, resource);", schema) if shadow_text else _EMPTY,
        shadowed=frozenset(each["id"] for policy in in_shadow.values() for each in _entities(policy["action"])),
        exceeding=frozenset(role for role, each in roles.items() if "exceeds" in each),
        included={role: frozenset(each["includes"].split(",")) for role, each in roles.items() if "includes" in each},
        retired=frozenset(role for role, each in roles.items() if "retired" in each),
        step_ups={read[name]["annotations"]["id"]: int(read[name]["annotations"]["step_up"]) for name in step_ups},
        but_step_ups=_without(step_ups, read) if step_ups else policies,
        attributes={
            name: frozenset(each.get("shape", {}).get("attributes", ())) for name, each in declared.get("entityTypes", {}).items()
        },
        statements=read,
        shadow_statements=in_shadow,
        asking=frozenset(action for some in (read, in_shadow) for action in _asking(some.values(), declared.get("actions", {}))),
        actions=frozenset(declared.get("actions", ())),
        facts={
            name: frozenset(facts)
            for name, each in declared.get("actions", {}).items()
            if (facts := each.get("appliesTo", {}).get("context", {}).get("attributes"))
        },
    )


def _valid(text: str, schema: cedarpy.Schema) -> cedarpy.PolicySet:
    policies = cedarpy.PolicySet.from_str(text)
    validation = cedarpy.validate_policies(text, schema)
    if not validation.validation_passed:
        raise ValueError("; ".join(str(error) for error in validation.errors[:5]))
    return policies


def _read(text: str) -> Mapping[str, Any]:
    read: dict[str, Any] = json.loads(cedarpy.policies_to_json_str(text)) if text else _NO_POLICIES
    policies: dict[str, Any] = read["staticPolicies"]
    return policies


def _without(names: Collection[str], read: Mapping[str, Any]) -> cedarpy.PolicySet:
    others = {name: policy for name, policy in read.items() if name not in names}
    return cedarpy.PolicySet.from_str(cedarpy.policies_from_json_str(json.dumps({**_NO_POLICIES, "staticPolicies": others})))


def _asking(policies: Iterable[Mapping[str, Any]], every_action: Collection[str]) -> Iterator[str]:
    for policy in policies:
        if policy["resource"]["op"] != "All" or any(_is_told(node) for node in _nodes(policy["conditions"])):
            named = _entities(policy["action"])
            yield from (each["id"] for each in named) if named else every_action


def _is_told(node: Mapping[str, Any]) -> bool:
    """Return whether an expression is about the resource, or reads a fact that is not one of every request."""
    read = node.get(".", node.get("has"))
    if node.get("Var") == "resource":
        return True
    return isinstance(read, dict) and read.get("left") == {"Var": "context"} and read.get("attr") not in ENVIRONMENT


def _nodes(of: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(of, dict):
        yield of
    for each in of.values() if isinstance(of, dict) else of if isinstance(of, list) else ():
        yield from _nodes(each)
