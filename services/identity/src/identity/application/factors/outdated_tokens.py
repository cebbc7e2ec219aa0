"""Access tokens that claim factors that their user no longer has."""

from datetime import datetime
from functools import partial

from identity.application.ports.revocations import Revocations
from identity.application.ports.unit_of_work import Transaction
from identity.domain.user import User


def outdate_tokens(tx: Transaction, revocations: Revocations, user: User, *, at: datetime) -> None:
    """After the commit, tell services to distrust the factors in the user's tokens of earlier versions.

    A change of factors that leaves all tokens true does not raise the version, so it outdates none.
    """
    tx.after_commit(partial(revocations.try_change_factors, user.id, user.factors, changed_at=at))
