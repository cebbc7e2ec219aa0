"""Port to the policies in force, for decisions about one organization. The route admits everybody who may decide about some."""

from collections.abc import Sequence
from typing import Final, Protocol
from uuid import UUID

from governance.domain.access_question import AccessAnswer, AccessQuestion
from kernel.actor import Actor

MANAGE_ORGANIZATION: Final = "organization:manage"
READ_ANY_ORGANIZATION: Final = "organization:read_any"
# Of auditors.
VIEW_AUDIT: Final = "audit:view"
# Of applications that enforce what the decision point answers.
EVALUATE_ACCESS: Final = "access:evaluate"


class Decisions(Protocol):
    def allows(self, actor: Actor, permission: str, /) -> bool:
        """Return whether the actor has the permission everywhere. Raise Unavailable if the policies cannot be evaluated."""

    def require(self, actor: Actor, permission: str, /) -> None:
        """Raise AccessDenied unless the actor has the permission everywhere, or StepUpRequired or Unavailable."""

    def allows_within(
        self, actor: Actor, permission: str, organization_id: UUID | None, /, *, teams: Sequence[UUID] = ()
    ) -> bool:
        """Return whether the actor has the permission for what belongs to an organization, or to a team of it.

        `teams` are the team, and the teams of which it is a part.
        """

    def manages_policies(self, actor: Actor, /) -> bool:
        """Return whether policies may be named to the actor. It is neither counted nor recorded."""

    def require_within(
        self, actor: Actor, permission: str, organization_id: UUID | None, /, *, teams: Sequence[UUID] = ()
    ) -> None:
        """Raise AccessDenied unless `allows_within`, or StepUpRequired or Unavailable."""


class DecisionPoint(Protocol):
    def decide(self, question: AccessQuestion, roles: frozenset[str]) -> AccessAnswer:
        """Decide about a person with these roles, on record. Raise Unavailable if the policies cannot be evaluated."""
