"""Builds the use cases of wallets."""

from payments.application.wallets import Wallets
from payments.application.wallets.close_wallet import CloseWallet
from payments.application.wallets.find_wallet import FindWallet
from payments.application.wallets.freeze_wallet import FreezeWallet
from payments.application.wallets.get_balance import GetBalance
from payments.application.wallets.get_wallet import GetWallet
from payments.application.wallets.get_wallet_for_peer import GetWalletForPeer
from payments.application.wallets.list_postings import ListPostings
from payments.application.wallets.list_wallets import ListWallets
from payments.application.wallets.open_issued_wallet import OpenIssuedWallet
from payments.application.wallets.open_wallet import OpenWallet
from payments.application.wallets.rename_wallet import RenameWallet
from payments.application.wallets.set_ceiling import SetCeiling
from payments.application.wallets.set_wallet_usage import SetWalletUsage
from payments.application.wallets.unfreeze_wallet import UnfreezeWallet
from payments.infrastructure.sql.accounts import SqlAccountViews
from payments.infrastructure.sql.wallets import SqlWalletViews
from payments.wiring.dependencies import Dependencies


def find_wallet(given: Dependencies) -> FindWallet:
    return FindWallet(views=SqlWalletViews(given.database), permissions=given.permissions, reads=given.reads)


def wallets(given: Dependencies) -> Wallets:
    uow, clock = given.uow, given.clock
    views, accounts, find = SqlWalletViews(given.database), SqlAccountViews(given.database), find_wallet(given)
    open_issued_wallet = OpenIssuedWallet(uow=uow, clock=clock)
    return Wallets(
        close_wallet=CloseWallet(uow=uow, clock=clock),
        freeze_wallet=FreezeWallet(uow=uow, clock=clock),
        get_balance=GetBalance(find_wallet=find, accounts=accounts, clock=clock),
        get_wallet=GetWallet(find_wallet=find),
        get_wallet_for_peer=GetWalletForPeer(views=views),
        list_postings=ListPostings(find_wallet=find, accounts=accounts),
        list_wallets=ListWallets(views=views),
        open_issued_wallet=open_issued_wallet,
        open_wallet=OpenWallet(open_issued_wallet=open_issued_wallet),
        rename_wallet=RenameWallet(uow=uow, clock=clock),
        set_ceiling=SetCeiling(uow=uow, clock=clock),
        set_wallet_usage=SetWalletUsage(uow=uow, clock=clock),
        unfreeze_wallet=UnfreezeWallet(uow=uow, clock=clock),
    )
