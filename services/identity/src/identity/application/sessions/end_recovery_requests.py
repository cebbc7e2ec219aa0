from datetime import datetime
from uuid import UUID

from identity.application.ports.unit_of_work import Transaction
from identity.application.sessions import audit


async def end_recovery_requests(tx: Transaction, user_id: UUID, *, at: datetime) -> None:
    """End the requests for recovery of a locked user who has just shown a second factor: it is not lost (ADR 0025).

    The mailbox that confirmed a request may be a thief's, with the password. One statement, also where no request waits.
    """
    for request_id in await tx.recovery_requests.void(user_id, at=at):
        tx.record(audit.recovery_ended(request_id, user_id, at=at))
