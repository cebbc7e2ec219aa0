"""Argon2id (RFC 9106) in a bounded pool: hashing is the service's most expensive work, so its queue is limited."""

import asyncio
import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from argon2.low_level import Type
from prometheus_client import Gauge, Histogram

from identity.application.ports.passwords import PasswordVerification
from kernel.errors import Unavailable

T = TypeVar("T")

RETRY_AFTER_SECONDS = 1
# Of mallopt(3): blocks of this size and more are mapped from the system and returned to it.
_M_MMAP_THRESHOLD = -3
_LARGE_BLOCK_BYTES = 4 * 1024 * 1024
_IN_HAND = Gauge("password_hashes_in_hand", "Password hashes that run or wait.")
_SECONDS = Histogram("password_hash_seconds", "Time of a password hash, including its wait.", ("operation",))


class HashingBusy(Unavailable):
    """There are too many sign-ins at the same time. Retry shortly."""

    def __init__(self) -> None:
        super().__init__(retry_after_seconds=RETRY_AFTER_SECONDS)


class Argon2Passwords:
    """`workers` threads hash in parallel (argon2 releases the GIL), and at most `waiting_max` more hashes wait.

    Their memory returns to the system between hashes. `keep_memory` avoids fetching it again, which took 4 of 26 ms when
    measured, and permanently uses 19 MB per worker.
    """

    def __init__(
        self,
        *,
        memory_kib: int = 19_456,
        passes: int = 2,
        workers: int = 2,
        waiting_max: int = 32,
        keep_memory: bool = False,
    ) -> None:
        if not keep_memory:
            _return_large_blocks()
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1, type=Type.ID)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="argon2")
        self._in_hand_max = workers + waiting_max
        self._in_hand = 0
        # Passwords of unknown names are verified against this hash, so that they cost the same.
        self._nobody = self._hasher.hash("nobody's password")

    async def hash(self, password: str) -> str:
        return await self._run("hash", lambda: self._hasher.hash(password))

    async def verify(self, password_hash: str | None, password: str) -> PasswordVerification:
        verified = await self._run("verify", lambda: self._verify(password_hash or self._nobody, password))
        return verified if password_hash else PasswordVerification(matches=False)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _verify(self, password_hash: str, password: str) -> PasswordVerification:
        try:
            self._hasher.verify(password_hash, password)
        except VerifyMismatchError:
            # Only this error is about the password. An unreadable hash or missing memory is our own problem.
            return PasswordVerification(matches=False)
        stronger = self._hasher.hash(password) if self._hasher.check_needs_rehash(password_hash) else None
        return PasswordVerification(matches=True, stronger_hash=stronger)

    async def _run(self, operation: str, work: Callable[[], T]) -> T:
        if self._in_hand >= self._in_hand_max:
            raise HashingBusy
        self._count(1)
        future = asyncio.get_running_loop().run_in_executor(self._pool, work)
        # The slot is free when the thread has finished, not when the caller stops waiting.
        future.add_done_callback(self._release)
        with _SECONDS.labels(operation).time():
            return await asyncio.shield(future)

    def _release(self, _future: object) -> None:
        self._count(-1)

    def _count(self, change: int) -> None:
        self._in_hand += change
        _IN_HAND.set(self._in_hand)


def _return_large_blocks() -> None:
    # By default, glibc keeps such blocks after the first hash. Other C libraries do not, and have no mallopt.
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BLOCK_BYTES)
