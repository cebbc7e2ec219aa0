"""Notices: a service announces in its transaction what a person should know, and identity informs them.

Identity alone has addresses, languages and preferences. A producer names a template of identity and gives the facts that the
template takes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from kernel.events import Event

FACTS_MAX: Final = 20
FACT_LENGTH_MAX: Final = 300
KEY_LENGTH_MAX: Final = 200
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


class Urgency(StrEnum):
    """`URGENT` ignores quiet hours and digests; `DIGEST` is sent only in the next digest."""

    URGENT = "urgent"
    NORMAL = "normal"
    DIGEST = "digest"


class RecipientKind(StrEnum):
    PERSON = "person"
    ROLE = "role"
    PERMISSION = "permission"
    TEAM = "team"
    ORGANIZATION = "organization"


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person, or everyone who holds a role or permission or belongs to a team or organization when the notice is sent."""

    kind: RecipientKind
    reference: str

    @classmethod
    def person(cls, person_id: UUID) -> "Recipient":
        return cls(RecipientKind.PERSON, str(person_id))

    @classmethod
    def holders_of_role(cls, role: str) -> "Recipient":
        return cls(RecipientKind.ROLE, role)

    @classmethod
    def holders_of_permission(cls, permission: str) -> "Recipient":
        return cls(RecipientKind.PERMISSION, permission)

    @classmethod
    def team(cls, team_id: UUID) -> "Recipient":
        return cls(RecipientKind.TEAM, str(team_id))

    @classmethod
    def organization(cls, organization_id: UUID) -> "Recipient":
        return cls(RecipientKind.ORGANIZATION, str(organization_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRequested(Event):
    """Requests a notice. `key` is unique per producer: a second request with it sends nothing.

    Facts are text: amounts and times are formatted by the producer. They are readable in the outbox and at the broker, so they
    never contain a secret or an address. Longer ones are cut when they are published.
    """

    template: str
    recipient: Recipient
    key: str
    facts: Mapping[str, str]
    urgency: Urgency = Urgency.NORMAL

    def __post_init__(self) -> None:
        # A mistake of the program, not of its input: the text of a fact cannot fail the transaction that announces it.
        if not 1 <= len(self.key) <= KEY_LENGTH_MAX:
            raise ValueError(f"the key of a notice has 1 to {KEY_LENGTH_MAX} characters")
        if len(self.facts) > FACTS_MAX or not all(_NAME.fullmatch(name) for name in self.facts):
            raise ValueError(f"a notice has at most {FACTS_MAX} facts with names such as paid_at")
