"""A pending change is valid only as long as the session or request that asked for it."""

from datetime import datetime
from typing import Final
from uuid import UUID

from identity.application.ports.one_time_codes import Pending
from identity.application.ports.unit_of_work import Transaction
from identity.domain.one_time_code import OneTimeCode, Purpose

# The field that names the session that asked.
ASKING_SESSION: Final = "asking_session"
# The field that names the recovery request.
RECOVERY_REQUEST: Final = "recovery_request"


async def is_still_pending(tx: Transaction, code: OneTimeCode, pending: Pending, *, at: datetime) -> bool:
    """Return whether the pending operation of a code may still happen. It locks the session or request: lock its user first.

    What an owner does about a thief (a new password, a reset, a recovery, signing out elsewhere) ends the thief's session, and so
    the changes that the thief requested. A new password also ends unconfirmed recovery requests. A registration has neither.
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
