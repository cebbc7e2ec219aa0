"""Limits of attempts."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from identity.domain.errors import TooManyAttempts


@dataclass
class FakeAttempts:
    """Admit `limit` attempts per account, or per known device of it, until one succeeds; `limit_of_address` failures."""

    limit: int = 10
    limit_of_address: int = 100
    counted: dict[tuple[str, str | None], int] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)

    async def admit(self, account: str, ip: str, *, device: str | None = None) -> None:
        if device is None and self.failures.get(ip, 0) >= self.limit_of_address:
            raise TooManyAttempts(retry_after_seconds=60)
        count = self.counted[account, device] = self.counted.get((account, device), 0) + 1
        if count > self.limit:
            raise TooManyAttempts(retry_after_seconds=60)

    async def fail(self, ip: str) -> None:
        self.failures[ip] = self.failures.get(ip, 0) + 1

    async def forget(self, account: str, ip: str, *, device: str | None = None) -> None:
        self.counted.pop((account, device), None)

    async def unlock(self, account: str, *, devices: Sequence[str] = ()) -> None:
        for device in (None, *devices):
            self.counted.pop((account, device), None)
