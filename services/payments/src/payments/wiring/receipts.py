"""Builds the use cases of receipts."""

from chassis.wiring import wire
from payments.application.receipts import Receipts
from payments.infrastructure.sql.transfers import SqlTransferViews
from payments.wiring.dependencies import Dependencies
from payments.wiring.transfers import visible_transfers


def receipts(given: Dependencies) -> Receipts:
    return wire(Receipts, visible=visible_transfers(given), views=SqlTransferViews(given.database), clock=given.clock)
