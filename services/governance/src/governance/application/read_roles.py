from dataclasses import dataclass
from uuid import UUID

from governance.application.queries import GovernanceQueries, PolicyText, RoleView, SubjectView
from kernel.errors import NotFound, Unavailable


@dataclass(frozen=True, slots=True)
class GetSubjectRoles:
    """The effective roles of a subject: the default role until governance has met it.

    A subject that lost every role has none; the default role does not come back to it.
    """

    queries: GovernanceQueries

    async def __call__(self, *, subject_id: UUID) -> SubjectView:
        subject = await self.queries.subject(subject_id)
        return subject or SubjectView(subject_id, (await self.queries.default_role(),), ())


@dataclass(frozen=True, slots=True)
class GetRole:
    queries: GovernanceQueries

    async def __call__(self, *, name: str) -> RoleView:
        if role := await self.queries.role(name):
            return role
        raise NotFound(role=name)


@dataclass(frozen=True, slots=True)
class GetBundle:
    """The bundle in force, None when it is the known one. Unavailable before the first is published."""

    queries: GovernanceQueries

    async def __call__(self, *, known_version: int = 0) -> PolicyText | None:
        if known_version and await self.queries.current_version() == known_version:
            return None
        if bundle := await self.queries.current_bundle():
            return bundle
        raise Unavailable(reason="no policy bundle is published yet")
