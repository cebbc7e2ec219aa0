from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from identity.application.assurance import require_recent
from identity.application.device_keys.revoke_keys import revoke_keys
from identity.application.erasures import audit
from identity.application.ports.authority import Authority
from identity.application.ports.permissions import ERASE_ANY_USER, Permissions
from identity.application.ports.roles import Roles
from identity.application.ports.session_rules import UserSessionsEnder
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.domain.device_key import RevokeReason
from identity.domain.erasure import Erasure, ErasureReason
from identity.domain.errors import EmailChangeCanBeUndone, StillInOffice
from identity.domain.message import Template
from identity.domain.session import EndReason
from identity.domain.user import User
from kernel.actor import Actor
from kernel.assurance import RECENT
from kernel.clock import Clock
from kernel.errors import NotFound, Unavailable

# How often to ask governance again if the account has changed since it was read.
TRIES_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class RequestUserErasure:
    """Restrict an account at once and permanently, and ask every service to acknowledge its erasure.

    Sessions end and device keys are revoked in the same transaction. The data is erased when all services have answered and no
    law requires it any longer. Asking again returns the existing erasure; reading another user's is recorded.

    While a change of e-mail can be undone, the erasure is refused, also for staff: it would make a thief's takeover permanent.
    """

    uow: UnitOfWork
    roles: Roles
    permissions: Permissions
    authority: Authority
    end_sessions: UserSessionsEnder
    clock: Clock

    async def __call__(self, *, actor: Actor, user_id: UUID, reason: ErasureReason) -> Erasure:
        """Raise StepUpRequired, StillInOffice, Unavailable if governance is down, or NotFound for a caller who may not ask.

        Raise EmailChangeCanBeUndone while an undo link of the account is open.
        Raise LastAdministrator and BeyondAuthority, too, for any role with such permissions.
        """
        RECENT.require(actor, at=self.clock.now())
        if actor.user_id != user_id and not self.permissions.allows(actor, ERASE_ANY_USER):
            raise NotFound(user_id=user_id)
        # Another person must first revoke the roles with which the user decides for others.
        held = await self.roles.of(user_id)
        if offices := self.permissions.roles_beyond_default(str(user_id), held):
            raise StillInOffice(roles=sorted(offices))
        for _ in range(TRIES_MAX):
            found = await self._find_erasure_or_version(actor, user_id)
            if isinstance(found, Erasure):
                return found
            # Before the account is restricted, outside the transaction, and for the version that is then changed.
            await self.authority.disable(actor_id=actor.user_id, subject_id=user_id, version=found)
            if erasure := await self._restrict_account(actor, user_id, reason, found):
                return erasure
        raise Unavailable(reason="the account keeps changing", user_id=user_id)

    async def _find_erasure_or_version(self, actor: Actor, user_id: UUID) -> Erasure | int:
        """Return the existing erasure, or the version of the account."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            await require_recent(tx, actor, at=at)
            user = await tx.users.lock(user_id)
            if user is None:
                raise NotFound(user_id=user_id)
            erasure = await tx.erasures.lock_of(user_id)
            if erasure and actor.user_id != user_id:
                # The response shows the erasure, and no other fact records that.
                tx.record(audit.others_erasure_read(erasure).fact(at=at))
            if erasure:
                return erasure
            # A change of address creates another version of the account, so this still holds when the account is closed.
            if until := await tx.email_undos.open_until(user_id, at=at):
                raise EmailChangeCanBeUndone(user_id=user_id, possible_from=until.isoformat())
            return user.version

    async def _restrict_account(self, actor: Actor, user_id: UUID, reason: ErasureReason, version: int) -> Erasure | None:
        """Restrict the account if it still has this version, else return None."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            user = await tx.users.lock(user_id)
            if user is None or user.version != version:
                return None
            erasure = Erasure.request(user_id, by=actor.subject_id, reason=reason, at=at)
            await self._restrict(tx, user, erasure, at)
            return erasure

    async def _restrict(self, tx: Transaction, user: User, erasure: Erasure, at: datetime) -> None:
        before = user.status.value
        user.restrict(at=at)
        await self.end_sessions(tx, user.id, EndReason.ERASURE, at=at)
        await revoke_keys(tx, user.id, RevokeReason.ACCOUNT_CLOSED, at=at)
        tx.erasures.add(erasure)
        tx.record(audit.erasure_requested(erasure, before=before))
        await tx.messages.send(user.id, Template.ERASURE_REQUESTED, erasure=str(erasure.id))
