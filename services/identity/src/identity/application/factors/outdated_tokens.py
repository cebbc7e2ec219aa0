"""Access tokens that claim factors which their user no longer has."""

from datetime import datetime
from functools import partial

from identity.application.ports.revocations import Revocations
from identity.application.ports.unit_of_work import Transaction
from identity.domain.user import User


def outdate_tokens(tx: Transaction, revocations: Revocations, user: User, *, at: datetime) -> None:
    """Once the transaction is committed, tell services which tokens of the user prove nothing: those of earlier versions.

    A change of factors that made no token untrue raised no version, so it outdates nothing.
    """
    tx.after_commit(partial(revocations.try_change_factors, user.id, user.factors, changed_at=at))
