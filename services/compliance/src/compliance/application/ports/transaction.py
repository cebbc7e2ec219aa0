"""The transactions of compliance."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

import kernel.transaction
from compliance.application.ports.audit import LogRepository
from compliance.application.ports.completeness import CompletenessRepository
from compliance.application.ports.decisions import DecisionRepository
from compliance.application.ports.screening import BlockRepository
from kernel.actor import Actor


class Transaction(kernel.transaction.Transaction, Protocol):
    @property
    def log(self) -> LogRepository: ...

    @property
    def blocks(self) -> BlockRepository: ...

    @property
    def decisions(self) -> DecisionRepository: ...

    @property
    def completeness(self) -> CompletenessRepository: ...


class UnitOfWork(Protocol):
    def begin(self, actor: Actor, *, audited: bool = True) -> AbstractAsyncContextManager[Transaction]:
        """Begin a transaction. Use `audited=False` to write audit records themselves."""
