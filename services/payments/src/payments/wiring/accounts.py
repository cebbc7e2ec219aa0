"""Builds the use cases of ledger accounts."""

from chassis.wiring import wire
from payments.application.accounts import Accounts
from payments.infrastructure.sql.accounts import SqlAccountViews
from payments.wiring.dependencies import Dependencies


def accounts(given: Dependencies) -> Accounts:
    return wire(Accounts, uow=given.uow, views=SqlAccountViews(given.database), reads=given.reads, clock=given.clock)
