"""Builds the use cases of receipts."""

from payments.application.receipts import Receipts
from payments.application.receipts.get_receipt import GetReceipt
from payments.infrastructure.sql.transfers import SqlTransferViews
from payments.wiring.dependencies import Dependencies
from payments.wiring.transfers import visible_transfers


def receipts(given: Dependencies) -> Receipts:
    views = SqlTransferViews(given.database)
    return Receipts(get_receipt=GetReceipt(visible=visible_transfers(given), views=views, clock=given.clock))
