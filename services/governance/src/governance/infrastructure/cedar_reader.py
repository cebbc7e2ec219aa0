"""Read Cedar text of policies, and say where it is wrong."""

import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import cedarpy

from governance.domain.fact_values import is_value
from governance.domain.policy import CEDAR_LENGTH_MAX
from governance.domain.policy_reading import Literal, PolicyReading
from governance.domain.vocabulary import FactType
from kernel.errors import Fault, InvalidValues

PLACE: Final = "cedar"
_TOKEN = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*"|[A-Za-z_][A-Za-z0-9_]*|[0-9]+|::|[=!<>]=|&&|\|\||[^\s]')
_INCOMPLETE: Final = "unexpected end of input"
# Cedar's parser ends the process at some hundreds.
_DEPTH_MAX: Final = 50
_DEEPER: Final = {"(": 1, "[": 1, "{": 1, "if": 1, ")": -1, "]": -1, "}": -1}
_VARIABLES: Final = {"context", "resource", "principal"}
_MIRRORED: Final = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_MIRRORED_METHODS: Final = {
    "lessThan": "greaterThan",
    "greaterThan": "lessThan",
    "lessThanOrEqual": "greaterThanOrEqual",
    "greaterThanOrEqual": "lessThanOrEqual",
}
_CENT: Final = Decimal("0.01")
# What they make of a fact is not tried in reports.
_DERIVING: Final = {
    *("+", "-", "*", "neg", "like", "is", "isLoopback", "isMulticast", "isIpv4", "isIpv6"),
    *("offset", "durationSince", "toDate", "toTime", "toMilliseconds", "toSeconds", "toMinutes", "toHours", "toDays"),
}
_EXTENSIONS: Final = {"decimal", "ip", "datetime", "duration"}


class CedarReader:
    """The PolicyReader on Cedar's own parser."""

    def read(self, cedar: str) -> PolicyReading:
        """Read one forbid with the actions in its scope. Raise InvalidValues."""
        if len(cedar) > CEDAR_LENGTH_MAX:
            raise _refused(f"Expected at most {CEDAR_LENGTH_MAX} characters.")
        _refuse_depth(cedar)
        try:
            text = cedarpy.policies_to_json_str(cedar)
        except ValueError as problem:
            raise _refused(f"{_place_of_error(cedar)}: {problem}.") from None
        try:
            policies = json.loads(text)
            # Every process reads the JSON too, and what the parser reads is not always readable there.
            cedarpy.PolicySet.from_json_str(text)
        except (ValueError, RecursionError):
            raise _refused("Expected fewer operators in one expression: write long lists as sets, or several policies.") from None
        found = list(policies["staticPolicies"].values())
        if len(found) != 1 or policies["templates"]:
            raise _refused(f"Expected one policy without slots, not {len(found) + len(policies['templates'])}.")
        [policy] = found
        if policy["effect"] != "forbid":
            raise _refused("Expected a forbid. To permit more, grant a role: policies only restrict what roles permit.")
        if policy.get("annotations"):
            raise _refused("Expected no annotations: the policy has a name and a version already.")
        return _reading(policy)


def _reading(policy: Mapping[str, Any]) -> PolicyReading:
    reads: dict[str, set[str]] = {name: set() for name in _VARIABLES}
    roles: set[str] = set()
    compared: dict[str, set[Literal]] = {}
    names_entities, is_beyond_samples, variables = False, _is_narrow(policy["resource"]), 0
    for node in _nodes([policy["principal"], policy.get("resource"), policy["conditions"]]):
        if attribute := _attribute(node):
            reads[attribute[0]].add(attribute[1])
            variables -= 1
        variables += "Var" in node
        if "__entity" in node or {"type", "id"} == node.keys():
            names_entities, entity = True, node.get("__entity", node)
            roles |= {entity["id"]} if entity["type"] == "Role" else set()
            is_beyond_samples |= entity["type"] != "Role"
        is_beyond_samples |= not _DERIVING.isdisjoint(node)
        for name, literals in _comparison(node):
            compared.setdefault(name, set()).update(literals)
    return PolicyReading(
        actions=_actions(policy["action"]),
        roles=frozenset(roles),
        facts=frozenset(reads["context"]),
        attributes=frozenset(reads["resource"]),
        of_principal=frozenset(reads["principal"]),
        is_beyond_samples=is_beyond_samples or "id" in reads["resource"] or bool(compared.get("principal.id")),
        is_for_all=not (names_entities or variables or _is_narrow(policy["resource"])),
        compared={name: tuple(sorted(literals, key=str)) for name, literals in compared.items()},
    )


def _actions(scope: Mapping[str, Any]) -> tuple[str, ...]:
    entities = scope.get("entities") or ([scope["entity"]] if "entity" in scope else [])
    if not entities:
        raise _refused('Expected the permissions that it is about: action in [Action::"payment:approve"].')
    if unknown := sorted({each["type"] for each in entities} - {"Action"}):
        raise _refused(f"Expected actions in the scope, not {', '.join(unknown)}.")
    return tuple(sorted({str(each["id"]) for each in entities}))


def _attribute(node: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the variable and the attribute that an expression reads or tests: `context.ip`, `context has ip`."""
    for operator in (".", "has"):
        of = node.get(operator)
        if isinstance(of, dict) and of.get("left", {}).get("Var") in _VARIABLES and isinstance(of.get("attr"), str):
            return of["left"]["Var"], of["attr"]
    return None


def _comparison(node: Mapping[str, Any]) -> Iterator[tuple[str, set[Literal]]]:
    """Return the attributes that an operator compares directly, each with the values from which on the answer is another.

    For `context.minute_of_day > 5` it is 6: reports try that value and the one before.
    """
    for operator, operands in node.items():
        if operator in _EXTENSIONS or operator in {"&&", "||", "!", "Value", "Set", ".", "has"}:
            continue
        parts = list(operands.values()) if isinstance(operands, dict) else operands if isinstance(operands, list) else []
        attributes = [found for part in parts if isinstance(part, dict) and (found := _attribute(part))]
        literals = {literal for part in parts for literal in _literals(part)}
        is_mirrored = bool(attributes) and not _attribute(parts[0])
        for variable, name in attributes:
            yield f"{variable}.{name}", {_limit(operator, literal, is_mirrored=is_mirrored) for literal in literals}


def _limit(operator: str, literal: Literal, *, is_mirrored: bool) -> Literal:
    if isinstance(literal, int) and not isinstance(literal, bool):
        return literal + 1 if (_MIRRORED.get(operator) if is_mirrored else operator) in {">", "<="} else literal
    method = _MIRRORED_METHODS.get(operator) if is_mirrored else operator
    if method in {"lessThan", "greaterThanOrEqual"} and is_value(FactType.DECIMAL, literal):
        # Amounts are tried with the next cent.
        return f"{Decimal(literal) - _CENT:f}"
    return literal


def _literals(part: Any) -> Iterator[Literal]:
    """Return the values of a constant: `5`, `"NAD"`, `decimal("10.0")`, `["a", "b"]`."""
    if not isinstance(part, dict):
        return
    if isinstance(part.get("Value"), bool | int | str):
        yield part["Value"]
    for operator in ("Set", *_EXTENSIONS):
        for each in part.get(operator, ()):
            yield from _literals(each)


def _nodes(of: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(of, dict):
        yield of
        for each in of.values():
            yield from _nodes(each)
    elif isinstance(of, list):
        for each in of:
            yield from _nodes(each)


def _is_narrow(scope: Mapping[str, Any]) -> bool:
    return bool(scope["op"] != "All")


def _refuse_depth(cedar: str) -> None:
    depth = 0
    for token in _TOKEN.finditer(cedar):
        depth += _DEEPER.get(token.group(), 0)
        if depth > _DEPTH_MAX:
            raise _refused(f"{_place(cedar, token)}: expected at most {_DEPTH_MAX} brackets and conditions in one another.")


def _place_of_error(cedar: str) -> str:
    """Return the line and column of the first token that no policy can have there; the parser does not say."""
    tokens = list(_TOKEN.finditer(cedar))
    # If a text cannot be continued to a policy, no longer one can.
    first = bisect_left(tokens, True, key=lambda token: _is_impossible(cedar[: token.end()]))
    return _place(cedar, tokens[first]) if first < len(tokens) else f"Line {cedar.count(chr(10)) + 1}, at the end"


def _is_impossible(beginning: str) -> bool:
    try:
        cedarpy.policies_to_json_str(beginning)
    except ValueError as problem:
        return _INCOMPLETE not in str(problem)
    return False


def _place(cedar: str, token: re.Match[str]) -> str:
    before = cedar[: token.start()]
    return f"Line {before.count(chr(10)) + 1}, column {token.start() - before.rfind(chr(10))}"


def _refused(problem: str) -> InvalidValues:
    return InvalidValues([Fault(PLACE, problem)])
