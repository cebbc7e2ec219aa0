"""Advisory locks: one transaction per name at a time."""

import hashlib
from typing import Final
from uuid import UUID

from sqlalchemy import text

TAKE_LOCK: Final = text("SELECT pg_advisory_xact_lock(:lock)")


def lock_number(name: str, subject_id: UUID) -> int:
    return int.from_bytes(hashlib.sha256(f"{name}:{subject_id}".encode()).digest()[:8], "big", signed=True)
