from dataclasses import dataclass

from identity.application.ports.recovery import Verdict
from identity.domain.recovery_request import RecoveryRequest
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class SecondPerson:
    """Approve a recovery by the vote of one other person."""

    async def vote(self, request: RecoveryRequest, *, actor: Actor, approve: bool) -> Verdict:  # noqa: ARG002  # the port's
        return Verdict.APPROVED if approve else Verdict.REJECTED
