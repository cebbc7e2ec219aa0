"""Confirmation of a recovery request by the account's mailbox, or by an operator who has seen the owner in person."""

from datetime import datetime
from uuid import UUID

from identity.application.ports.unit_of_work import Transaction
from identity.application.recovery.approval import asked_of
from identity.domain.errors import RecoveryDecided, RecoveryPending
from identity.domain.recovery_request import RecoveryRequest
from kernel.actor import Actor
from kernel.errors import NotFound


async def confirm(tx: Transaction, request_id: UUID, *, actor: Actor, at: datetime) -> RecoveryRequest:
    """Confirm a request of a locked user, and ask for its approval. Only one request per user may wait for a decision."""
    request = await tx.recovery_requests.lock(request_id)
    if request is None:
        raise NotFound(request_id=request_id)
    if await tx.recovery_requests.waiting_of(request.user_id, at=at):
        raise RecoveryPending(request_id=request_id)
    if not request.confirm(at=at):
        raise RecoveryDecided(request_id=request_id)
    tx.approvals.ask(asked_of(request, asked_by=actor, at=at))
    return request
