from dataclasses import dataclass
from typing import Final

from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.clock import Clock
from kernel.money import amount_text
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.verification.queries import Alarm, Break, LedgerCheck
from payments.domain.account import AccountStatus
from payments.domain.events import LedgerBroke

ACCOUNTS_A_ROUND: Final = 5000


@dataclass(frozen=True, slots=True)
class CheckLedger:
    """Derive again what moved since the last round; what does not add up is frozen, told and put on record."""

    uow: UnitOfWork
    ledger: LedgerCheck
    alarm: Alarm
    clock: Clock

    async def __call__(self) -> int:
        """Return how many breaks this round found that were not known."""
        found = 0
        while True:
            checked = await self.ledger.derive(accounts_max=ACCOUNTS_A_ROUND, at=self.clock.now())
            found += sum([await self._close(one) for one in checked.breaks])
            if checked.accounts < ACCOUNTS_A_ROUND or checked.breaks:
                break
        self.alarm.sums(await self.ledger.sums())
        self.alarm.checked(self.clock.now())
        return found

    async def _close(self, found: Break) -> bool:
        actor, at = Actor.service("payments"), self.clock.now()
        async with self.uow.begin(actor) as tx:
            account = (await tx.accounts.lock([found.account_id]))[found.account_id]
            if not await tx.breaks.add(found, at=at):
                return False
            before = account.status
            if account.status is AccountStatus.OPEN:
                account.freeze(f"the ledger does not add up: {found.what}", at=at)
                await tx.accounts.save_state(account)
            tx.record(
                AuditFact(
                    action="payments.ledger.break",
                    resource_type="account",
                    resource_id=str(account.id),
                    occurred_at=at,
                    before={"status": before.value},
                    after={
                        "status": account.status.value,
                        "what": found.what,
                        "expected": amount_text(found.expected, found.currency),
                        "found": amount_text(found.found, found.currency),
                    },
                )
            )
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
            for event in account.collect():
                tx.announce(event)
        self.alarm.broken(found)
        return True
