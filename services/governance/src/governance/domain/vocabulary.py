"""What services declare that policies may read: actions, facts about each, and attributes of what they are about."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from kernel.errors import Fault


class FactType(StrEnum):
    BOOLEAN = "boolean"
    NUMBER = "number"
    TEXT = "text"
    TEXTS = "texts"
    DECIMAL = "decimal"
    IP_ADDRESS = "ip_address"
    TIME = "time"


_CEDAR: Final[Mapping[FactType, Mapping[str, object]]] = {
    FactType.BOOLEAN: {"type": "Boolean"},
    FactType.NUMBER: {"type": "Long"},
    FactType.TEXT: {"type": "String"},
    FactType.TEXTS: {"type": "Set", "element": {"type": "String"}},
    FactType.DECIMAL: {"type": "Extension", "name": "decimal"},
    FactType.IP_ADDRESS: {"type": "Extension", "name": "ipaddr"},
    FactType.TIME: {"type": "Extension", "name": "datetime"},
}
# Services ask about any action for what belongs to an organization, or to a team of it.
_OF_EVERYTHING: Final = ("organization", "teams")


@dataclass(frozen=True, slots=True)
class Fact:
    """A value that a policy can read as `context.<name>`. One that is optional must be guarded: `context has <name>`."""

    name: str
    type: FactType
    description: str
    is_optional: bool

    @property
    def cedar_type(self) -> Mapping[str, object]:
        """Return its type in a Cedar schema."""
        return {**_CEDAR[self.type], "required": False} if self.is_optional else _CEDAR[self.type]


@dataclass(frozen=True, slots=True)
class Question:
    """What a service tells about an action: facts, and attributes of the resource (`resource.owner`)."""

    action: str
    resource_type: str = ""
    attributes: tuple[str, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`environment` are the facts of every request; `questions` those of actions that have more."""

    environment: Mapping[str, Fact] = field(default_factory=dict)
    questions: Mapping[str, Question] = field(default_factory=dict)

    def facts_about(self, action: str) -> Mapping[str, Fact]:
        question = self.questions.get(action)
        return {**self.environment, **question.facts} if question else self.environment

    def attributes_of(self, action: str) -> Sequence[str]:
        question = self.questions.get(action)
        return sorted({*_OF_EVERYTHING, *(question.attributes if question else ())})

    def resource_type_of(self, action: str) -> str:
        """Return the type of what an action is about; "platform" if it is about nothing in particular."""
        question = self.questions.get(action)
        return question.resource_type if question and question.resource_type else "platform"

    def context_of(self, action: str, names: Iterable[str]) -> dict[str, object]:
        """Return the Cedar types of those facts about an action."""
        facts = self.facts_about(action)
        return {name: facts[name].cedar_type for name in sorted(names) if name in facts}

    def faults(self, *, actions: Iterable[str], facts: Iterable[str], attributes: Iterable[str], place: str) -> Iterator[Fault]:
        """Name each fact or attribute that is read, and that no service declares about one of the actions."""
        for action in actions:
            known, told = self.facts_about(action), self.attributes_of(action)
            for name in sorted(set(facts) - set(known)):
                yield Fault(place, f"There is no fact {name} about {action}; it has {', '.join(sorted(known))}.")
            for name in sorted(set(attributes) - {"type", "id"} - set(told)):
                yield Fault(place, f"There is no {name} of what {action} is about; it has {', '.join(told)}.")
