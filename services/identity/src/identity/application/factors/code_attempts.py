"""Counting and limits of wrong codes, and of wrong passwords within a session."""

from datetime import datetime
from math import ceil
from uuid import UUID

from identity.application.factors import audit
from identity.application.ports.unit_of_work import Transaction
from identity.domain import code_failures
from identity.domain.errors import TooManyAttempts


async def admit(tx: Transaction, user_id: UUID, *, counter: str, at: datetime) -> None:
    """Raise TooManyAttempts after too many failures under this counter. Concurrent attempts are counted in turn."""
    failures = await tx.factors.failures.lock_latest(user_id, counter, limit=code_failures.IN_A_ROW_MAX)
    if wait := code_failures.wait_after(failures, at=at):
        raise TooManyAttempts(retry_after_seconds=ceil(wait.total_seconds()))


async def note_failure(tx: Transaction, user_id: UUID, *, counter: str, at: datetime, factor: str = "code") -> None:
    """Count a failure under this counter, and record it."""
    await tx.factors.failures.note(user_id, counter, at=at)
    tx.record_bounded(audit.second_factor_failed(user_id, at=at, factor=factor), user_id=user_id)
