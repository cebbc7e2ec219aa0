"""Time-ordered identifiers."""

import os
import time
from uuid import UUID

# Within a millisecond, add this many random bits to the last id: ids cannot be guessed from each other, and 16,000 fit before
# they run into the next millisecond.
_STEP_BITS = 60
# A clock set back by up to this much does not affect ids: they keep increasing. If it is set back further, ids follow it.
_SET_BACK_MS_MAX = 10_000
_RANDOM_BITS = 74
_last = 0


def new_id() -> UUID:
    """Make a UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then 74 random bits.

    Within one thread each id is greater than the last (section 6.2, method 2), so that a list in order of ids is in order of
    creation, however fast ids are made.
    """
    global _last  # noqa: PLW0603  # one sequence per process; ids of concurrent threads still differ by their random bits
    _last = number = _next(_last, time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10)))
    return UUID(int=number >> 74 << 80 | 0x7 << 76 | (number >> 62 & 0xFFF) << 64 | 0x2 << 62 | number & 0x3FFF_FFFF_FFFF_FFFF)


def _next(last: int, now_ms: int, randomness: int) -> int:
    """Return the number after `last`: 48 bits of time and 74 random bits, without the UUID's version and variant."""
    last_ms = last >> _RANDOM_BITS
    if now_ms <= last_ms <= now_ms + _SET_BACK_MS_MAX:
        return last + 1 + (randomness & (1 << _STEP_BITS) - 1)
    return now_ms << _RANDOM_BITS | randomness & (1 << _RANDOM_BITS) - 1
