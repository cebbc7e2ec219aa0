from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from identity.application.assurance import require_recent
from identity.application.ports.permissions import EXPORT_ANY_USER, Permissions
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.users import audit
from identity.application.users.views import UserDataViews
from identity.domain.message import Template
from kernel.actor import Actor
from kernel.assurance import RECENT
from kernel.audit import AuditFact
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.reads import ReasonRequired


@dataclass(frozen=True, slots=True)
class ExportUserData:
    """Export all data that identity holds about the caller, or with `user:export_any` about any user, who is notified by mail."""

    uow: UnitOfWork
    user_data: UserDataViews
    permissions: Permissions
    clock: Clock

    async def __call__(self, *, actor: Actor, user_id: UUID, reason: str | None = None) -> dict[str, Any]:
        """Raise StepUpRequired, ReasonRequired for another user's data, or NotFound for a caller who may not ask."""
        at = self.clock.now()
        RECENT.require(actor, at=at)
        if actor.user_id != user_id and not self.permissions.allows(actor, EXPORT_ANY_USER):
            raise NotFound(user_id=user_id)
        fact = self._fact(actor, user_id, reason, at)
        held = await self.user_data.held_about(user_id)
        if held is None:
            raise NotFound(user_id=user_id)
        async with self.uow.begin(actor) as tx:
            await require_recent(tx, actor, at=at)
            tx.record(fact)
            await tx.messages.send(user_id, Template.DATA_EXPORTED)
        return {"exported_at": at.isoformat(), **held}

    def _fact(self, actor: Actor, user_id: UUID, reason: str | None, at: datetime) -> AuditFact:
        """Record the export; an export of another user's data is a read. Raise ReasonRequired."""
        if actor.user_id == user_id:
            return audit.data_exported(user_id, at=at)
        if reason is None:
            raise ReasonRequired
        return audit.others_data_exported(user_id, reason=reason).fact(at=at)
