"""Advisory locks of PostgreSQL, for things without a row. Each is held until the transaction ends.

Take them after row locks, and in the order of this file, or two transactions deadlock.
"""

from enum import IntEnum
from hashlib import blake2b

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_HOLD = text("SELECT pg_advisory_xact_lock(:what, :whose)")


class Lock(IntEnum):
    """The purpose, which is the first part of a lock. The second part is a digest of what is locked."""

    ADMINISTRATORS = 1
    FAILURES = 2
    ADDRESSES = 3
    SENDERS = 4
    NOTICES = 5
    NOTICE_REQUESTS = 6
    ADDRESS_MESSAGES = 7


async def hold(session: AsyncSession, what: Lock, whose: bytes = b"") -> None:
    """Wait for a lock. Read what it guards in a later statement: a statement's snapshot is older than its lock."""
    number = int.from_bytes(blake2b(whose, digest_size=4).digest(), signed=True) if whose else 0
    await session.execute(_HOLD, {"what": what.value, "whose": number})
