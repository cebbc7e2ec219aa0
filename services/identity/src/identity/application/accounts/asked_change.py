"""A change of address waits for its code no longer than the session in which it was asked for lives."""

from typing import Final
from uuid import UUID

from identity.application.ports.one_time_codes import Pending
from identity.application.ports.unit_of_work import Transaction
from identity.domain.one_time_code import OneTimeCode, Purpose

# Names the session in what waits for a code.
ASKING_SESSION: Final = "asking_session"


async def waits_still(tx: Transaction, code: OneTimeCode, pending: Pending) -> bool:
    """Tell whether what a code confirms may still happen. The session is locked: lock its user first.

    What an owner does about a thief (a new password, a reset, a recovery, signing out elsewhere) ends the thief's session, and
    with it the change that the thief has asked for. A registration has no session.
    """
    if code.purpose is Purpose.REGISTRATION:
        return True
    asking = pending.get(ASKING_SESSION)
    session = await tx.sessions.lock(UUID(asking)) if asking else None
    return session is not None and session.user_id == code.user_id and session.is_live
