"""Roles, approval rules and policies compiled into Cedar, which every service evaluates."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from governance.domain.approval_rule import THRESHOLD_DIGITS_MAX, ApprovalRule
from governance.domain.policy import PolicyMode, PolicyVersion
from governance.domain.policy_reading import PolicyReading
from governance.domain.role import Permission, Role
from governance.domain.role_hierarchy import RoleHierarchy
from governance.domain.vocabulary import Vocabulary

# The action of settling a transfer without another person's approval. Payments asks about it. No role can be granted it,
# because a permission's name has no hyphen.
SETTLE_ALONE: Final = "payment:settle-alone"

_STRING = {"type": "String"}
_OPTIONAL_STRING = {"type": "String", "required": False}
NO_VOCABULARY: Final = Vocabulary()
_DECIMAL: Final = {"type": "Extension", "name": "decimal"}


# Permits nothing. It is there for its annotations.
_NOTHING: Final = "permit({principal}, action, resource) when {{ false }};"


@dataclass(frozen=True, slots=True)
class CompiledPolicies:
    """Cedar policies as text and their schema as JSON. Equal roles, rules and policies compile to equal text.

    `shadow` are the policies that are evaluated and not enforced.
    """

    policies: str
    schema: str
    shadow: str = ""


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    """A version of a policy as a bundle has it."""

    version: PolicyVersion
    mode: PolicyMode
    reading: PolicyReading


def compile_policies(
    roles: Sequence[Role],
    permissions: Sequence[Permission],
    approval_rules: Sequence[ApprovalRule] = (),
    policies: Sequence[PolicyInForce] = (),
    vocabulary: Vocabulary = NO_VOCABULARY,
) -> CompiledPolicies:
    """Compile each role into one permit and each approval rule into one forbid of settling alone, which is otherwise permitted.

    Policies are forbids already. The schema declares about each action what some policy reads, and no more: processes supply
    exactly that.

    A permit names all that a role permits, with what it includes; its annotation names the roles that it includes, because rules
    about these concern its holders too. A role that neither permits nor includes anything needs none: Cedar denies by default. A
    retired role is only named: tokens may have it, and rules about it concern nobody. A role that permits more than the default
    role is annotated with the default role's name: services require two factors of its holders.
    """
    hierarchy = RoleHierarchy(roles)
    ordinary = next((role for role in roles if role.is_default), None)
    permits = (_permit(role, hierarchy, ordinary) for role in sorted(roles, key=lambda role: role.name))
    statements = [permit for permit in permits if permit]
    rules = [_forbid(rule) for rule in sorted(approval_rules, key=lambda rule: rule.name) if not rule.is_withdrawn]
    if rules:
        statements += [*rules, f'@id("approval")\npermit(principal, action == Action::"{SETTLE_ALONE}", resource);']
    in_order = sorted(policies, key=lambda each: each.version.policy)
    statements += [each.version.annotated for each in in_order if each.mode is PolicyMode.ENFORCED]
    shadow = [each.version.annotated for each in in_order if each.mode is PolicyMode.SHADOW]
    readings = [each.reading for each in in_order if each.mode is not PolicyMode.OFF]
    schema = json.dumps(_schema(permissions, _read_facts(readings), vocabulary), sort_keys=True)
    return CompiledPolicies("\n\n".join(statements), schema, "\n\n".join(shadow))


def schema_of_everything(permissions: Sequence[Permission], vocabulary: Vocabulary) -> str:
    """Return the schema with all that services declare, against which a policy is validated that is not in force yet."""
    all_facts = {permission.name: {*vocabulary.facts_about(permission.name)} for permission in permissions}
    return json.dumps(_schema(permissions, all_facts, vocabulary), sort_keys=True)


def _read_facts(readings: Iterable[PolicyReading]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for reading in readings:
        for action in reading.actions:
            found.setdefault(action, set()).update(reading.facts)
    return found


def _permit(role: Role, hierarchy: RoleHierarchy, ordinary: Role | None) -> str:
    principal = f'principal in Role::"{role.name}"'
    if role.is_retired:
        return f'@id("role:{role.name}")\n@retired("")\n{_NOTHING.format(principal=principal)}'
    permitted = hierarchy.permission_names(role.name)
    included = sorted(hierarchy.reached(role.name) - {role.name})
    if not permitted and not included:
        return ""
    head = [f'@id("role:{role.name}")']
    if ordinary and not permitted <= hierarchy.permission_names(ordinary.name):
        head.append(f'@exceeds("{ordinary.name}")')
    if included:
        head.append(f'@includes("{",".join(included)}")')
    if not permitted:
        return "\n".join([*head, _NOTHING.format(principal=principal)])
    actions = ", ".join(f'Action::"{name}"' for name in sorted(permitted))
    return "\n".join([*head, f"permit({principal}, action in [{actions}], resource);"])


def _forbid(rule: ApprovalRule) -> str:
    """Add the annotations that payments reads before it asks: whether a rule can match, and what to add up for it."""
    threshold = f"{round(rule.threshold, THRESHOLD_DIGITS_MAX):f}"
    annotations = [("id", f"approval:{rule.name}"), ("currency", rule.currency), ("threshold", threshold)]
    conditions = [
        f'context.currency == "{rule.currency}"',
        f'context.amount.greaterThanOrEqual(decimal("{threshold}"))',
    ]
    if rule.kinds:
        annotations.append(("kinds", ",".join(rule.kinds)))
        kinds = ", ".join(f'"{kind}"' for kind in rule.kinds)
        conditions.append(f"[{kinds}].contains(context.kind)")
    if rule.role:
        annotations.append(("role", rule.role))
    if rule.counterparty:
        annotations.append(("counterparty", str(rule.counterparty)))
        conditions.append(f'context.counterparties.contains("{rule.counterparty}")')
    # Payments adds up the transfers that a rule covers (its kinds, counterparty and window) and asks with the rule's name, so
    # that the sum for one rule cannot match another. An older release of payments names no rule and asks about one amount:
    # rules with a window then match nothing, and the others match as before. `has` comes first, because reading a missing
    # attribute is an evaluation error, and any error denies.
    annotations.append(("rule", rule.name))
    if rule.window:
        annotations.append(("window", rule.window.text))
        conditions.append(f'context has rule && context.rule == "{rule.name}"')
    else:
        conditions.append(f'(if context has rule then context.rule == "{rule.name}" else true)')
    principal = f'principal in Role::"{rule.role}"' if rule.role else "principal"
    head = "\n".join(f'@{name}("{value}")' for name, value in annotations)
    when = " &&\n  ".join(conditions)
    return f'{head}\nforbid({principal}, action == Action::"{SETTLE_ALONE}", resource)\nwhen {{\n  {when}\n}};'


def _schema(permissions: Sequence[Permission], facts: Mapping[str, Collection[str]], vocabulary: Vocabulary) -> dict[str, object]:
    """Describe the requests of chassis.policies: principals by kind, actions by permission, and what is known of resources.

    A user's `organization` is the one that the session acts for; a resource's is the one that it belongs to.
    """
    principals = ["Anonymous", "Service", "User"]
    user = {"id": _OPTIONAL_STRING, "organization": _OPTIONAL_STRING}
    resource = {
        "type": _STRING,
        "id": _STRING,
        "owner": _OPTIONAL_STRING,
        "organization": _OPTIONAL_STRING,
        "classification": _OPTIONAL_STRING,
        "amount": {**_DECIMAL, "required": False},
        "teams": {"type": "Set", "element": _STRING, "required": False},
    }
    transfer = {
        "amount": _DECIMAL,
        "currency": _STRING,
        "kind": _STRING,
        "counterparties": {"type": "Set", "element": _STRING},
        "rule": _OPTIONAL_STRING,
    }
    return {
        "": {
            "entityTypes": {
                "Role": {},
                "User": {"memberOfTypes": ["Role"], "shape": {"type": "Record", "attributes": user}},
                "Service": {},
                "Anonymous": {},
                "Resource": {"shape": {"type": "Record", "attributes": resource}},
            },
            "actions": {
                **{
                    permission.name: _applies_to(
                        principals, vocabulary.context_of(permission.name, facts.get(permission.name, ()))
                    )
                    for permission in permissions
                },
                SETTLE_ALONE: _applies_to(["Service", "User"], transfer),
            },
        }
    }


def _applies_to(principals: Sequence[str], context: dict[str, object]) -> dict[str, object]:
    return {
        "appliesTo": {
            "principalTypes": list(principals),
            "resourceTypes": ["Resource"],
            "context": {"type": "Record", "attributes": context},
        }
    }
