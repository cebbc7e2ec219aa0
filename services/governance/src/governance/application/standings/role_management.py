"""What must hold after every change: a person who is able to act can manage roles."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from governance.application.ports.transaction import Transaction
from governance.domain.errors import LastAdministrator
from governance.domain.role import MANAGE_ROLES


@asynccontextmanager
async def role_management_kept(tx: Transaction) -> AsyncIterator[None]:
    """Refuse (LastAdministrator) a block that leaves no person able to act who can manage roles.

    Enter it first in the transaction: the guard is locked before roles and subjects. Of two administrators who disable or revoke
    each other at once, the second is refused.
    """
    await tx.standings.guard()
    had = await tx.standings.somebody_able_has(MANAGE_ROLES)
    yield
    # If nobody had it before, as before the first administrator is announced, the block takes nothing away.
    if had and not await tx.standings.somebody_able_has(MANAGE_ROLES):
        raise LastAdministrator(permission=MANAGE_ROLES)
