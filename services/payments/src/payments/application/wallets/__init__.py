"""Wallets: the table of contents."""

from dataclasses import dataclass

from payments.application.wallets.close_wallet import CloseWallet
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Wallets:
    close_wallet: CloseWallet
    freeze_wallet: FreezeWallet
    get_balance: GetBalance
    get_wallet: GetWallet
    get_wallet_for_peer: GetWalletForPeer
    list_postings: ListPostings
    list_wallets: ListWallets
    open_issued_wallet: OpenIssuedWallet
    open_wallet: OpenWallet
    rename_wallet: RenameWallet
    set_ceiling: SetCeiling
    set_wallet_usage: SetWalletUsage
    unfreeze_wallet: UnfreezeWallet
