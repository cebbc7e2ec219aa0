"""Golden decisions: questions whose answer no change of policies may alter."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from governance.domain.fact_values import attribute_type, is_value
from governance.domain.policy_case import THEIR_ORGANIZATION, USUAL, PolicyCase
from governance.domain.role import ROLE_NAME
from governance.domain.vocabulary import Vocabulary
from kernel.errors import Fault, InvalidValue, InvalidValues
from kernel.events import Aggregate

DESCRIPTION_LENGTH_MAX: Final = 500
ROLES_MAX: Final = 20
GOLDEN_DECISIONS_MAX: Final = 500
_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenQuestion:
    """A question of a person with these roles. Facts that are not given are those of a usual request; see USUAL."""

    permission: str
    roles: tuple[str, ...]
    attributes: Mapping[str, object]
    facts: Mapping[str, object]

    def faults(self, vocabulary: Vocabulary, *, permissions: frozenset[str], roles: frozenset[str]) -> tuple[Fault, ...]:
        """Say where it asks about what does not exist."""
        if self.permission not in permissions:
            return (Fault("permission", f"The permission {self.permission} does not exist."),)
        found = [
            Fault(f"roles.{number}", f"The role {role} does not exist.")
            for number, role in enumerate(self.roles)
            if role not in roles
        ]
        known, told = vocabulary.facts_about(self.permission), vocabulary.attributes_of(self.permission)
        for name, value in self.facts.items():
            if name not in known:
                found.append(Fault(f"facts.{name}", f"{self.permission} has no such fact; it has {', '.join(sorted(known))}."))
            elif not is_value(known[name].type, value):
                found.append(Fault(f"facts.{name}", f"Expected {known[name].type.value}: {known[name].description}"))
        for name, value in self.attributes.items():
            if name not in told:
                found.append(Fault(f"attributes.{name}", f"What it is about has no such attribute; it has {', '.join(told)}."))
            elif not is_value(attribute_type(name), value):
                found.append(Fault(f"attributes.{name}", f"Expected {attribute_type(name)}."))
        return tuple(found)


@dataclass(eq=False)
class GoldenDecision(Aggregate):
    """A named question and its answer."""

    name: str
    description: str
    permission: str
    roles: tuple[str, ...]
    attributes: dict[str, object]
    facts: dict[str, object]
    is_allowed: bool
    version: int

    @classmethod
    def make(cls, name: str, question: GoldenQuestion, *, description: str, is_allowed: bool) -> Self:
        if not _NAME.fullmatch(name):
            raise InvalidValue(field="name", expected="lower-case letters, digits and hyphens, at most 63", given=name)
        made = cls(name, "", "", (), {}, {}, is_allowed, 0)
        made.change(question, description=description, is_allowed=is_allowed)
        return made

    def change(self, question: GoldenQuestion, *, description: str, is_allowed: bool) -> None:
        if len(question.roles) > ROLES_MAX or not all(map(ROLE_NAME.fullmatch, question.roles)):
            raise InvalidValue(field="roles", expected=f"at most {ROLES_MAX} names of roles")
        if not description.strip() or len(description) > DESCRIPTION_LENGTH_MAX:
            raise InvalidValue(field="description", expected=f"1 to {DESCRIPTION_LENGTH_MAX} characters")
        self.description, self.permission, self.roles = description, question.permission, tuple(sorted(set(question.roles)))
        self.attributes, self.facts, self.is_allowed = dict(question.attributes), dict(question.facts), is_allowed
        self.version += 1

    def case(self, vocabulary: Vocabulary) -> PolicyCase:
        of_environment = self.facts.keys() & USUAL.keys()
        return PolicyCase(
            action=self.permission,
            roles=frozenset(self.roles),
            organization_id=THEIR_ORGANIZATION,
            resource_type=vocabulary.resource_type_of(self.permission),
            resource_id="1",
            attributes=self.attributes,
            facts={name: value for name, value in self.facts.items() if name not in of_environment},
            environment={name: self.facts[name] for name in of_environment},
        )


def require_faultless(faults: tuple[Fault, ...]) -> None:
    """Raise InvalidValues if there are any."""
    if faults:
        raise InvalidValues(faults)
