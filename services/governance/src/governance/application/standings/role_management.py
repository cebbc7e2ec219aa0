"""The invariant that at least one user who is able to act can manage roles."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from governance.application.ports.transaction import Transaction
from governance.domain.errors import LastAdministrator
from governance.domain.role import MANAGE_ROLES


@asynccontextmanager
async def role_management_kept(tx: Transaction) -> AsyncIterator[None]:
    """Raise LastAdministrator if the block leaves nobody who is able to act and can manage roles.

    Enter it first in the transaction: the guard is locked before roles and subjects. If two administrators disable or revoke
    each other at the same time, the second is refused.
    """
    await tx.standings.guard()
    had = await tx.standings.somebody_able_has(MANAGE_ROLES)
    yield
    # If nobody had it before, as before the first administrator is announced, the block removes nothing.
    if had and not await tx.standings.somebody_able_has(MANAGE_ROLES):
        raise LastAdministrator(permission=MANAGE_ROLES)
