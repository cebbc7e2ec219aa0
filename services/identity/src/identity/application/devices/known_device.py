from datetime import datetime
from uuid import UUID

from identity.application.ports.unit_of_work import Transaction
from identity.domain.device import LONG_KNOWN_AFTER


async def is_on_known_device(tx: Transaction, session_id: UUID | None, *, at: datetime) -> bool:
    """Return whether a session is on a device that its user has used for long, so that the owner acts there (ADR 0025).

    Clients choose their devices' ids, and others may learn them, so an id alone proves nothing: the device must have sent its
    token at the sign-in, or this session itself must be as old. The session gets locked: lock its user first.
    """
    session = await tx.sessions.lock(session_id) if session_id else None
    if session is None or not session.is_live:
        return False
    device = await tx.devices.find(session.user_id, session.device_id)
    is_proven = session.known_device or at - session.started_at >= LONG_KNOWN_AFTER
    return is_proven and device is not None and device.is_long_known(at=at)
