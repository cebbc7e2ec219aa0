"""A request for recovery is confirmed from the account's mailbox, or in its place by an operator who has seen its owner."""

from datetime import datetime
from uuid import UUID

from identity.application.ports.unit_of_work import Transaction
from identity.domain.errors import RecoveryDecided, RecoveryPending
from identity.domain.recovery_request import RecoveryRequest
from kernel.errors import NotFound


async def confirm(tx: Transaction, request_id: UUID, *, at: datetime) -> RecoveryRequest:
    """Confirm a request of a user who is locked; of each user one waits to be decided."""
    request = await tx.recovery_requests.lock(request_id)
    if request is None:
        raise NotFound(request_id=request_id)
    if await tx.recovery_requests.waiting_of(request.user_id, at=at):
        raise RecoveryPending(request_id=request_id)
    if not request.confirm(at=at):
        raise RecoveryDecided(request_id=request_id)
    return request
