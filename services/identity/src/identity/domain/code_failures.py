"""Limits of wrong codes, and of wrong passwords within a session, and the counters of these failures.

Failures of a thief who has the password or a token count apart from the owner's, so that they cannot lock out the owner. Each
known device has its own counter, all other devices share one (as for passwords, ASVS 6.1.1), and each session has its own.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

UNKNOWN_DEVICES: Final = "unknown_devices"
# Codes that confirm a recovery, of any request. A caller who guesses them knows the password, and may be a member of staff who
# unlocks accounts, so only a new password resets these failures.
RECOVERY_CODES: Final = "recovery_codes"
# Of one million codes, three are right at any time.
PER_HOUR_MAX: Final = 20
# NIST SP 800-63B-4 3.2.2 allows a hundred failures in a row. That stops slow guessing.
IN_A_ROW_MAX: Final = 100
KEPT_FOR: Final = timedelta(days=30)
_LIMITS: Final = ((PER_HOUR_MAX, timedelta(hours=1)), (IN_A_ROW_MAX, KEPT_FOR))


def of_device(device_id: UUID) -> str:
    """Return the counter of a device that is known to the account."""
    return f"device:{device_id}"


def of_session(session_id: UUID) -> str:
    """Return the counter of a session."""
    return f"session:{session_id}"


def wait_after(failures: Sequence[datetime], *, at: datetime) -> timedelta | None:
    """Return how long to wait before the next attempt, or None if it is allowed now.

    `failures` are the failures since the last right code, newest first, at most `IN_A_ROW_MAX`.
    """
    ends = [failures[limit - 1] + window for limit, window in _LIMITS if len(failures) >= limit]
    wait = max(ends, default=at) - at
    return wait if wait > timedelta() else None
