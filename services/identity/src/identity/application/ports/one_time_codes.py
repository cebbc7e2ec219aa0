"""The ports of one-time codes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.domain.one_time_code import OneTimeCode

# What happens once the code is confirmed, such as the details of a registration.
Pending = Mapping[str, str | None]


class OneTimeCodes(Protocol):
    async def add(self, code: OneTimeCode, pending: Pending) -> None:
        """Store a code, and sealed with it the pending operation."""

    async def lock(self, code_id: UUID) -> tuple[OneTimeCode, Pending] | None:
        """Find a code and lock it until the transaction ends. A used code has no pending operation."""

    async def settle(self, code: OneTimeCode) -> None:
        """Delete the pending operation of a used code."""

    async def lock_sent(self, target_index: bytes, user_id: UUID, since: datetime) -> tuple[int, int]:
        """Count how often codes were sent to an address, and on behalf of a user to any address.

        Until the transaction ends, others cannot count for either, so concurrent requests send no more than sequential ones.
        """

    async def forget(self, user_id: UUID) -> int:
        """Delete all codes of a user. Return how many there were."""

    async def purge(self, created_before: datetime) -> int:
        """Delete old codes, and with them unconfirmed registrations. Return how many there were."""
