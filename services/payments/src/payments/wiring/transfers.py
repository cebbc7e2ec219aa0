"""Builds the use cases of transfers."""

from chassis.wiring import wire
from payments.application.ports.transfers import Cashier
from payments.application.transfers import Transfers
from payments.application.transfers.deciders import TransferDeciders
from payments.application.transfers.visible_transfers import VisibleTransfers
from payments.infrastructure.sql.transfer_history import SqlTransferHistory
from payments.infrastructure.sql.transfers import SqlTransferViews
from payments.wiring.approvals import decide_transfer
from payments.wiring.dependencies import Dependencies
from payments.wiring.posting import post_transfers


def visible_transfers(given: Dependencies) -> VisibleTransfers:
    return VisibleTransfers(
        views=SqlTransferViews(given.database),
        audit_log=given.audit_log,
        permissions=given.permissions,
        reads=given.reads,
    )


def transfers(given: Dependencies, cashier: Cashier) -> Transfers:
    return wire(
        Transfers,
        cashier=cashier,
        rehearse=post_transfers(given).rehearse,
        uow=given.uow,
        views=SqlTransferViews(given.database),
        history=SqlTransferHistory(given.database),
        visible=visible_transfers(given),
        reads=given.reads,
        screening=given.screening,
        standings=given.standings,
        permissions=given.permissions,
        deciders=TransferDeciders(
            views=SqlTransferViews(given.database),
            permissions=given.permissions,
            payment_permissions=given.payment_permissions,
        ),
        decide=decide_transfer(given),
        clock=given.clock,
    )
