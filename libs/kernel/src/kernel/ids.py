"""Time-ordered identifiers."""

import os
import time
from uuid import UUID

# Within a millisecond an id is the last one plus this many random bits: none can be guessed from its neighbour, and
# 16,000 fit before the next millisecond is borrowed from.
_STEP_BITS = 60
# Clocks are set back by that much to be right again; ids go on upwards meanwhile. Further back, they begin anew.
_SET_BACK_MS_MAX = 10_000
_RANDOM_BITS = 74
_last = 0


def new_id() -> UUID:
    """Make a UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then 74 random bits.

    Of one thread each is greater than the last (section 6.2, method 2), so that what is listed by id is listed in the
    order in which it was made, however fast.
    """
    global _last  # noqa: PLW0603  # one sequence a process; two threads at once still differ by their random bits
    _last = number = _next(_last, time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10)))
    return UUID(int=number >> 74 << 80 | 0x7 << 76 | (number >> 62 & 0xFFF) << 64 | 0x2 << 62 | number & 0x3FFF_FFFF_FFFF_FFFF)


def _next(last: int, now_ms: int, randomness: int) -> int:
    """Return the number after `last`, of 48 bits of time and 74 others: without the UUID's version and variant."""
    last_ms = last >> _RANDOM_BITS
    if now_ms <= last_ms <= now_ms + _SET_BACK_MS_MAX:
        return last + 1 + (randomness & (1 << _STEP_BITS) - 1)
    return now_ms << _RANDOM_BITS | randomness & (1 << _RANDOM_BITS) - 1
