"""Port to the audit log."""

from typing import Protocol
from uuid import UUID


class AuditLog(Protocol):
    async def leaf_hash(self, transfer_id: UUID) -> str | None:
        """Return the RFC 6962 leaf hash of the transfer's first audit entry, in hexadecimal.

        Return None while the entry is not on the log yet, or if the log does not answer: the transfer can be read without it.
        """
