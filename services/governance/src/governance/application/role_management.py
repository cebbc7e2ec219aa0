"""What must hold after every change: a person who is able to act can manage roles."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from governance.application.ports import Transaction
from governance.domain.errors import LastAdministrator
from governance.domain.role import MANAGE_ROLES


@asynccontextmanager
async def role_management_kept(tx: Transaction) -> AsyncIterator[None]:
    """Refuse (LastAdministrator) a block that leaves no person able to act who can manage roles.

    The block comes first in the transaction: the guard is locked before roles and subjects. Two who disable, or revoke, each
    other take turns here, and the second finds itself alone.
    """
    await tx.standings.guard()
    had = await tx.standings.somebody_able_has(MANAGE_ROLES)
    yield
    # Where nobody had it before, as before the first administrator is announced, nothing is taken away.
    if had and not await tx.standings.somebody_able_has(MANAGE_ROLES):
        raise LastAdministrator(permission=MANAGE_ROLES)
