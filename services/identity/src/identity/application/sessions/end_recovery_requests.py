from datetime import datetime
from uuid import UUID

from identity.application.ports.unit_of_work import Transaction
from identity.application.sessions import audit
from identity.domain.recovery_request import APPROVAL_KIND
from kernel.approvals import ApprovalState


async def end_recovery_requests(tx: Transaction, user_id: UUID, *, at: datetime) -> None:
    """End the recovery requests of a locked user who has authenticated with a second factor: it is not lost (ADR 0025).

    A thief with the password may have had the mailbox that confirmed a request. This is one statement, with or without requests.
    """
    ended = await tx.recovery_requests.void(user_id, at=at)
    await tx.approvals.close_of(APPROVAL_KIND, ended, ApprovalState.WITHDRAWN, at=at)
    for request_id in ended:
        tx.record(audit.recovery_ended(request_id, user_id, at=at))
