"""The transaction: every repository of payments, with audit facts and events."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from kernel import transaction
from kernel.actor import Actor
from payments.application.ports.accounts import Accounts
from payments.application.ports.bulk_transfers import Bulks
from payments.application.ports.idempotency_keys import Keys
from payments.application.ports.ledger import Breaks, Ledger
from payments.application.ports.schedules import Schedules
from payments.application.ports.spending import SpendingBook
from payments.application.ports.transfers import Transfers
from payments.application.ports.wallets import Wallets


class Transaction(transaction.Transaction, Protocol):
    @property
    def accounts(self) -> Accounts: ...

    @property
    def wallets(self) -> Wallets: ...

    @property
    def transfers(self) -> Transfers: ...

    @property
    def breaks(self) -> Breaks: ...

    @property
    def bulks(self) -> Bulks: ...

    @property
    def schedules(self) -> Schedules: ...

    @property
    def spending(self) -> SpendingBook: ...

    @property
    def keys(self) -> Keys: ...

    @property
    def ledger(self) -> Ledger: ...


class UnitOfWork(Protocol):
    def begin(self, actor: Actor) -> AbstractAsyncContextManager[Transaction]: ...
