from dataclasses import dataclass
from uuid import UUID

from identity.application.users.views import SubjectView, UserViews
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class GetSubject:
    """Tell another service whether a subject exists and may act."""

    views: UserViews

    async def __call__(self, *, subject_id: UUID) -> SubjectView:
        subject = await self.views.subject(subject_id)
        if subject is None:
            raise NotFound(subject_id=subject_id)
        return subject
