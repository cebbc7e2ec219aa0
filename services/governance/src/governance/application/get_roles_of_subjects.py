from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from governance.application.queries import GovernanceQueries


@dataclass(frozen=True, slots=True)
class GetRolesOfSubjects:
    """The effective roles of many subjects, as GetSubjectRoles gives them of one; in the order asked."""

    queries: GovernanceQueries

    async def __call__(self, *, subject_ids: Sequence[UUID]) -> Sequence[tuple[UUID, tuple[str, ...]]]:
        return await self.queries.effective_roles(subject_ids)
