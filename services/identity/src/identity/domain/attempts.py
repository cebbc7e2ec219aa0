"""What anybody may repeat without end is recorded by count: each address adds few entries to the append-only log (ADR 0020).

The first attempt of an address is a fact of its own at once. Those that follow within the hour are counted, and become one
fact when the address is quiet, or when the hour has passed.
What the owner of an account may repeat with the right credentials is a fact of its own a number of times within an hour, of each
kind, and is counted by address beyond.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from kernel.networks import subscriber_of

WINDOW: Final = timedelta(hours=1)
QUIET: Final = timedelta(minutes=1)


def source_of(ip: str) -> str:
    """Return what attempts of an address are counted under: an IPv4 address, or the /64 network of an IPv6 address."""
    # A caller within the process has no address.
    return subscriber_of(ip) or "unknown"


@dataclass(frozen=True, slots=True)
class AttemptCount:
    """How often an attempt was made: `account` is the user's id where it was against one, or empty."""

    action: str
    reason: str
    account: str
    count: int


@dataclass(frozen=True, slots=True)
class CountedAttempts:
    """What of an address waits for its entry in the audit log, most frequent first."""

    source: str
    first_at: datetime
    last_at: datetime
    counts: tuple[AttemptCount, ...]
