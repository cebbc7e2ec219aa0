"""Builds the use cases of verifications of the whole ledger."""

from chassis.long_work import SqlLongWorkReads
from chassis.wiring import wire
from payments.application.ledger_verifications import LedgerVerifications
from payments.wiring.dependencies import Dependencies


def ledger_verifications(given: Dependencies) -> LedgerVerifications:
    views = SqlLongWorkReads(given.database)
    return wire(LedgerVerifications, uow=given.uow, views=views, permissions=given.permissions, clock=given.clock)
