"""What a policy is about, read from its text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from governance.domain.role import INDISPENSABLE
from governance.domain.vocabulary import Vocabulary
from kernel.errors import Fault

# A policy about the permissions to manage roles and policies may ask for these alone, which everybody can bring about.
_FACTORS: Final = frozenset({"interactive", "two_factors", "minutes_since_sign_in"})
Literal = bool | int | str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyReading:
    """One Cedar forbid: the actions of its scope, and what its conditions read.

    `facts` are read from the context, `attributes` from the resource, `of_principal` from the principal. `compared` has the
    values from which on each of them makes a difference, by "context.amount" or "resource.owner".

    `is_for_all`: it names no role, person or resource, and reads nothing but facts, each by its name. `is_beyond_samples`: it
    depends on persons, single resources, or what it makes of facts, so that trying the values in its text does not show all.
    """

    actions: tuple[str, ...]
    roles: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    of_principal: frozenset[str] = frozenset()
    is_for_all: bool = True
    is_beyond_samples: bool = False
    compared: Mapping[str, tuple[Literal, ...]] = field(default_factory=dict)

    def faults(self, vocabulary: Vocabulary, *, actions: frozenset[str], roles: frozenset[str], place: str) -> Iterator[Fault]:
        """Name what it is about that does not exist, or that must not depend on a policy."""
        for action in self.actions:
            if action not in actions:
                yield Fault(place, f"The permission {action} does not exist.")
        for role in sorted(self.roles - roles):
            yield Fault(place, f"The role {role} does not exist.")
        known = [action for action in self.actions if action in actions]
        yield from vocabulary.faults(actions=known, facts=self.facts, attributes=self.attributes, place=place)
        for action in sorted(INDISPENSABLE.intersection(self.actions)):
            if not self.is_for_all or self.attributes or self.of_principal or self.facts - _FACTORS:
                yield Fault(
                    place,
                    f"A policy about {action} may only ask for a recent sign-in with two factors, of everybody: "
                    "any other could leave nobody who can change it.",
                )
