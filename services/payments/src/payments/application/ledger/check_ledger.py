from dataclasses import dataclass
from typing import Final

from kernel.actor import Actor
from kernel.clock import Clock
from payments.application.ledger import audit
from payments.application.ledger.views import LedgerAlarm, LedgerCheck
from payments.application.ports.ledger import Break
from payments.application.ports.unit_of_work import UnitOfWork
from payments.domain.account import AccountStatus
from payments.domain.events import LedgerBroke

ACCOUNTS_A_ROUND: Final = 5000


@dataclass(frozen=True, slots=True)
class CheckLedger:
    """Recompute the balances of accounts that moved since the last round. Freeze and record those that do not add up."""

    uow: UnitOfWork
    ledger: LedgerCheck
    alarm: LedgerAlarm
    clock: Clock

    async def __call__(self) -> int:
        """Return the number of new breaks that this round found."""
        found = 0
        while True:
            checked = await self.ledger.derive(accounts_max=ACCOUNTS_A_ROUND, at=self.clock.now())
            found += sum([await self._freeze(one) for one in checked.breaks])
            if checked.accounts < ACCOUNTS_A_ROUND or checked.breaks:
                break
        self.alarm.sums(await self.ledger.sums())
        self.alarm.checked(self.clock.now())
        return found

    async def _freeze(self, found: Break) -> bool:
        """Freeze the account of a break and record it. Return False if the break is known already."""
        at = self.clock.now()
        async with self.uow.begin(Actor.service("payments")) as tx:
            account = (await tx.accounts.lock([found.account_id]))[found.account_id]
            if not await tx.breaks.add(found, at=at):
                return False
            before = account.status
            if account.status is AccountStatus.OPEN:
                account.freeze(f"the ledger does not add up: {found.what}", at=at)
                await tx.accounts.save_state(account)
            tx.record(audit.break_found(account, found, before=before, at=at))
            tx.announce(
                LedgerBroke(
                    occurred_at=at,
                    account_id=account.id,
                    currency=found.currency,
                    what=found.what,
                    expected=found.expected,
                    found=found.found,
                )
            )
            tx.after_commit(lambda: self._alarm(found))
        return True

    async def _alarm(self, found: Break) -> None:
        self.alarm.broken(found)
