"""Builds the use cases of wallets."""

from chassis.wiring import wire
from payments.application.wallets import Wallets
from payments.application.wallets.find_wallet import FindWallet
from payments.infrastructure.sql.accounts import SqlAccountViews
from payments.infrastructure.sql.wallets import SqlWalletViews
from payments.wiring.dependencies import Dependencies


def find_wallet(given: Dependencies) -> FindWallet:
    return FindWallet(views=SqlWalletViews(given.database), permissions=given.permissions, reads=given.reads)


def wallets(given: Dependencies) -> Wallets:
    return wire(
        Wallets,
        uow=given.uow,
        views=SqlWalletViews(given.database),
        accounts=SqlAccountViews(given.database),
        find_wallet=find_wallet(given),
        clock=given.clock,
    )
