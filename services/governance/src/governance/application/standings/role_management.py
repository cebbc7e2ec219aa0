"""The invariant that at least one user who is able to act can manage roles, and one can manage policies."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from governance.application.ports.transaction import Transaction
from governance.domain.errors import LastAdministrator
from governance.domain.role import INDISPENSABLE


@asynccontextmanager
async def role_management_kept(tx: Transaction) -> AsyncIterator[None]:
    """Raise LastAdministrator if the block leaves nobody who is able to act and can manage roles, or nobody who can policies.

    Enter it first in the transaction: the guard is locked before roles and subjects. If two administrators disable or revoke
    each other at the same time, the second is refused.
    """
    await tx.standings.guard()
    had = await tx.standings.permissions_of_able()
    yield
    left = await tx.standings.permissions_of_able()
    # If nobody had it before, as before the first administrator is announced, the block removes nothing.
    if lost := sorted(INDISPENSABLE & had - left):
        raise LastAdministrator(permission=lost[0])
