from datetime import datetime
from uuid import UUID

from identity.application.ports.unit_of_work import Transaction
from identity.application.sessions import audit


async def end_recovery_requests(tx: Transaction, user_id: UUID, *, at: datetime) -> None:
    """End the recovery requests of a locked user who has authenticated with a second factor: it is not lost (ADR 0025).

    A thief with the password may have had the mailbox that confirmed a request. This is one statement, with or without requests.
    """
    for request_id in await tx.recovery_requests.void(user_id, at=at):
        tx.record(audit.recovery_ended(request_id, user_id, at=at))
