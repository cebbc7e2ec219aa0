"""The transaction: every repository of payments, with audit facts and events."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from kernel import transaction
from kernel.actor import Actor
from kernel.approval_ports import Approvals
from kernel.long_work_ports import LongWorks
from payments.application.ports.accounts import AccountRepository
from payments.application.ports.bulk_transfers import BulkRepository
from payments.application.ports.idempotency_keys import KeyRepository
from payments.application.ports.ledger import BreakRepository, LedgerRepository
from payments.application.ports.schedules import ScheduleRepository
from payments.application.ports.spending import SpendingBook
from payments.application.ports.transfers import TransferRepository
from payments.application.ports.wallets import WalletRepository


class Transaction(transaction.Transaction, Protocol):
    @property
    def accounts(self) -> AccountRepository: ...

    @property
    def wallets(self) -> WalletRepository: ...

    @property
    def transfers(self) -> TransferRepository: ...

    @property
    def breaks(self) -> BreakRepository: ...

    @property
    def bulks(self) -> BulkRepository: ...

    @property
    def schedules(self) -> ScheduleRepository: ...

    @property
    def spending(self) -> SpendingBook: ...

    @property
    def keys(self) -> KeyRepository: ...

    @property
    def works(self) -> LongWorks: ...

    @property
    def ledger(self) -> LedgerRepository: ...

    @property
    def approvals(self) -> Approvals: ...


class UnitOfWork(Protocol):
    def begin(self, actor: Actor, *, audited: bool = True) -> AbstractAsyncContextManager[Transaction]:
        """Begin a transaction; `audited=False` if it may write what no audit fact shows."""
