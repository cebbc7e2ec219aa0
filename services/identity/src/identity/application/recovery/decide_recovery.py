from dataclasses import dataclass
from uuid import UUID

from identity.application.recovery.approval import LockedRecovery
from identity.domain.recovery_request import RecoveryRequest
from kernel.actor import Actor
from kernel.approval_ports import Decide
from kernel.approvals import Outcome


@dataclass(frozen=True, slots=True)
class DecideRecovery:
    """Decide on a confirmed request. Approval removes all of the user's factors and ends all sessions.

    The route requires "user:update" and two factors just now. Nobody can decide on a user who has permissions that they lack, or
    on a request that they triggered.
    """

    decide: Decide[LockedRecovery]

    async def __call__(self, *, actor: Actor, request_id: UUID, approve: bool, reason: str) -> RecoveryRequest:
        """Raise NotFound, OwnRecovery, BeyondAuthority, Unavailable, RecoveryUnconfirmed, or RecoveryDecided.

        RecoveryDecided is for a request that is decided or has ended, and for approval if the account is not active.
        """
        outcome = Outcome.APPROVED if approve else Outcome.REJECTED
        return (await self.decide(actor=actor, resource_id=request_id, outcome=outcome, reason=reason)).request
