"""Counting of repeatable attempts, so that an address adds few entries to the append-only log (ADR 0020).

The first attempt of an address is recorded at once as its own fact. Later attempts within the hour are counted and become
one fact when the address is quiet or the hour has passed.
An account's owner can repeat acts with the right credentials: a number of each kind per hour are facts of their own, and
the rest are counted by address.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from kernel.networks import subscriber_of

WINDOW: Final = timedelta(hours=1)
QUIET: Final = timedelta(minutes=1)


def source_of(ip: str) -> str:
    """Return the key under which attempts of an address are counted: an IPv4 address, or the /64 network of an IPv6 address."""
    # A caller in the same process has no address.
    return subscriber_of(ip) or "unknown"


@dataclass(frozen=True, slots=True)
class AttemptCount:
    """A number of attempts. `account` is the user's id if they were made on an account, else empty."""

    action: str
    reason: str
    account: str
    count: int


@dataclass(frozen=True, slots=True)
class CountedAttempts:
    """The counted attempts of one address that are not in the audit log yet, most frequent first."""

    source: str
    first_at: datetime
    last_at: datetime
    counts: tuple[AttemptCount, ...]
