"""What was asked for waits for its code no longer than that by which it was asked for."""

from datetime import datetime
from typing import Final
from uuid import UUID

from identity.application.ports.one_time_codes import Pending
from identity.application.ports.unit_of_work import Transaction
from identity.domain.one_time_code import OneTimeCode, Purpose

# Names the session in what waits for a code.
ASKING_SESSION: Final = "asking_session"
# Names the request for recovery in what waits for a code.
RECOVERY_REQUEST: Final = "recovery_request"


async def is_still_pending(tx: Transaction, code: OneTimeCode, pending: Pending, *, at: datetime) -> bool:
    """Tell whether what a code confirms may still happen. The session, or request, is locked: lock its user first.

    What an owner does about a thief (a new password, a reset, a recovery, signing out elsewhere) ends the thief's session, and
    with it the change that the thief has asked for; a new password ends requests for recovery that wait to be confirmed. A
    registration has neither.
    """
    if code.purpose is Purpose.REGISTRATION:
        return True
    if code.purpose is Purpose.RECOVERY:
        asked = pending.get(RECOVERY_REQUEST)
        request = await tx.recovery_requests.lock(UUID(asked)) if asked else None
        return request is not None and request.confirmed_at is None and request.is_open(at=at)
    asking = pending.get(ASKING_SESSION)
    session = await tx.sessions.lock(UUID(asking)) if asking else None
    return session is not None and session.user_id == code.user_id and session.is_live
