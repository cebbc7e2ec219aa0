"""Questions to the decision point: whether a person may do something, to a thing, in a request."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from governance.domain.fact_values import attribute_type, is_value
from governance.domain.vocabulary import Vocabulary
from kernel.errors import InvalidValue

QUESTIONS_MAX: Final = 100
# Whose subjects governance knows.
USER: Final = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessQuestion:
    """`attributes` and `facts` are JSON values by name. Those that nobody declares about the action are ignored.

    Facts of the environment describe the request of the person, not that of the application which asks: their address, and how
    they signed in. What is not given counts as unknown: no address, and one factor, long ago. The time is that of the decision.
    """

    subject_type: str
    subject_id: str
    action: str
    resource_type: str = "platform"
    resource_id: str = "elcorp"
    attributes: Mapping[str, object] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)

    def problem(self, vocabulary: Vocabulary) -> str | None:
        """Return what is wrong with a value that policies could read."""
        known = vocabulary.facts_about(self.action)
        for name, value in self.facts.items():
            if name in known and not is_value(known[name].type, value):
                return f"{name}: expected {known[name].type.value}"
        for name in vocabulary.attributes_of(self.action):
            if name in self.attributes and not is_value(attribute_type(name), self.attributes[name]):
                return f"{name}: expected {attribute_type(name).value}"
        return None


@dataclass(frozen=True, slots=True)
class AccessAnswer:
    """`policies` are those that decide; None: not for the caller. With a `problem`, nothing was decided, and the answer is no."""

    allowed: bool
    policies: tuple[str, ...] | None = ()
    problem: str = ""
    bundle_version: int = 0


def read_object(text: str, *, field: str) -> Mapping[str, object]:
    """Read a JSON object; "" is an empty one. Raise InvalidValue."""
    try:
        read = json.loads(text or "{}")
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise InvalidValue(field=field, expected="a JSON object")
    return read
