"""Carries out an erasure in the caller's transaction."""

from datetime import datetime

from identity.application.erasures import audit
from identity.application.ports.unit_of_work import Transaction
from identity.domain.erasure import Erasure
from identity.domain.user import User


async def complete(tx: Transaction, user: User, erasure: Erasure, *, at: datetime) -> None:
    """Destroy the personal data and sign the receipt. The caller has locked both, and the erasure is due."""
    await tx.messages.forget(user.id)
    destroyed = await tx.erasures.destroy(user.id)
    user.erase(at=at)
    statement = erasure.statement(key_digest=destroyed.key_digest, at=at)
    erasure.complete(await tx.receipts.sign(statement, at=at), at=at)
    tx.record(audit.user_erased(erasure, key_digest=destroyed.key_digest, at=at))
