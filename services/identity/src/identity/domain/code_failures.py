"""How often a code, or a password within a session, may be wrong, and what such failures are counted under.

A thief of a password or of a token fails under a counter of their own, so that nothing they do keeps the owner out: known
devices count each for itself, all others together (as for passwords, ASVS 6.1.1), and what is asked for within a session
counts for that session.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

UNKNOWN_DEVICES: Final = "unknown_devices"
# Codes that confirm a recovery, whichever request they are of. Those who guess know the password, and may be members of staff who
# unlock accounts: a new password alone forgets these failures.
RECOVERY_CODES: Final = "recovery_codes"
# One million codes, three of them right at any time.
PER_HOUR_MAX: Final = 20
# NIST SP 800-63B-4 3.2.2 allows a hundred failures in a row. Slower than so, nobody guesses anything.
IN_A_ROW_MAX: Final = 100
KEPT_FOR: Final = timedelta(days=30)
_LIMITS: Final = ((PER_HOUR_MAX, timedelta(hours=1)), (IN_A_ROW_MAX, KEPT_FOR))


def of_device(device_id: UUID) -> str:
    """Return the counter of a device that has proven to be known to the account."""
    return f"device:{device_id}"


def of_session(session_id: UUID) -> str:
    """Return the counter of what is asked for within a session."""
    return f"session:{session_id}"


def wait_after(failures: Sequence[datetime], *, at: datetime) -> timedelta | None:
    """Return how long until another try is allowed; None when it is allowed now.

    `failures` are those since the last right code, newest first, `IN_A_ROW_MAX` at most.
    """
    ends = [failures[limit - 1] + window for limit, window in _LIMITS if len(failures) >= limit]
    wait = max(ends, default=at) - at
    return wait if wait > timedelta() else None
