from dataclasses import dataclass, replace
from uuid import UUID

from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.clock import Clock
from kernel.errors import NotFound
from payments.application.ledger.queries import AccountView, LedgerQueries
from payments.application.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class UnfreezeAccount:
    """Let money move again on an account of the system's own, which the ledger's check froze when it did not add up."""

    uow: UnitOfWork
    queries: LedgerQueries
    clock: Clock

    async def __call__(self, *, actor: Actor, account_id: UUID, reason: str) -> AccountView:
        """Return the account as it is then; raises NotFound, for wallets too, which have a way of their own, or NotFrozen."""
        view = await self.queries.account(account_id)
        if view is None:
            raise NotFound(account_id=account_id)
        async with self.uow.begin(actor) as tx:
            account = (await tx.accounts.lock([account_id])).get(account_id)
            if account is None or account.is_wallet:
                raise NotFound(account_id=account_id)
            before, at = account.status, self.clock.now()
            account.unfreeze(reason, at=at)
            await tx.accounts.save_state(account)
            tx.record(
                AuditFact(
                    action="payments.account.unfreeze",
                    resource_type="account",
                    resource_id=str(account.id),
                    occurred_at=at,
                    before={"status": before.value},
                    after={"status": account.status.value},
                    reason=reason,
                )
            )
            for event in account.collect():
                tx.announce(event)
            return replace(view, status=account.status.value, status_reason=reason, version=account.version)
