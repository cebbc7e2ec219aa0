"""The transaction: every repository of payments, and the audit log and events beside them."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.events import Event
from payments.application.ports.bulk import Bulks
from payments.application.ports.ledger import Accounts, Keys, Ledger, SpendingBook, Transfers
from payments.application.ports.schedules import Schedules
from payments.application.verification.queries import Breaks


class Transaction(Protocol):
    @property
    def accounts(self) -> Accounts: ...

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

    def record(self, fact: AuditFact, *, actor: Actor | None = None) -> None: ...

    def announce(self, event: Event) -> None: ...


class UnitOfWork(Protocol):
    def begin(self, actor: Actor) -> AbstractAsyncContextManager[Transaction]: ...
