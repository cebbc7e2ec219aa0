"""What payments asks of the audit log."""

from typing import Protocol
from uuid import UUID


class AuditLog(Protocol):
    async def leaf_hash(self, transfer_id: UUID) -> str | None:
        """Return the RFC 6962 leaf hash of the entry of a transfer's making, in hexadecimal.

        None while the entry is on its way, or the log does not answer: the transfer stands without it.
        """
