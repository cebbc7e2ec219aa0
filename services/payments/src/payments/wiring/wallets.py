"""Wallets on their ports."""

from payments.application.wallets import Wallets
from payments.application.wallets.change_wallet import ChangeWallet
from payments.application.wallets.close_wallet import CloseWallet
from payments.application.wallets.open_wallet import OpenOwnWallet, OpenWallet
from payments.application.wallets.read_wallets import ReadWallets
from payments.application.wallets.set_wallet_usage import SetWalletUsage
from payments.wiring.dependencies import Dependencies


def wallets(given: Dependencies) -> Wallets:
    uow, clock = given.uow, given.clock
    open_wallet = OpenWallet(uow=uow, clock=clock)
    return Wallets(
        open_wallet=open_wallet,
        open_own_wallet=OpenOwnWallet(open_wallet=open_wallet),
        change_wallet=ChangeWallet(uow=uow, clock=clock),
        close_wallet=CloseWallet(uow=uow, clock=clock),
        set_wallet_usage=SetWalletUsage(uow=uow, clock=clock),
        read_wallets=read_wallets(given),
    )


def read_wallets(given: Dependencies) -> ReadWallets:
    return ReadWallets(queries=given.queries, permissions=given.permissions, reads=given.reads)
