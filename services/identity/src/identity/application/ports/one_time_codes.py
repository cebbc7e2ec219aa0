"""What one-time codes need of the world."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.domain.one_time_code import OneTimeCode

# What is to happen once the code is shown, such as the details of a registration.
Pending = Mapping[str, str | None]


class OneTimeCodes(Protocol):
    async def add(self, code: OneTimeCode, pending: Pending) -> None:
        """Keep a code, and sealed beside it what waits for it."""

    async def lock(self, code_id: UUID) -> tuple[OneTimeCode, Pending] | None:
        """Find a code and lock it until the transaction ends; what waited for it is gone once it was used."""

    async def settle(self, code: OneTimeCode) -> None:
        """Drop what waited for a code that was used."""

    async def lock_sent(self, target_index: bytes, user_id: UUID, since: datetime) -> tuple[int, int]:
        """Count how often codes were sent to an address, and on behalf of a user to any.

        Until the transaction ends, no other counts for either: of many at once, no more are sent than in turn.
        """

    async def forget(self, user_id: UUID) -> int:
        """Drop all codes of a user; tell how many there were."""

    async def purge(self, created_before: datetime) -> int:
        """Drop old codes, and with them registrations that nobody confirmed; tell how many there were."""
