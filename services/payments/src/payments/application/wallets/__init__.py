"""Wallets: the table of contents."""

from dataclasses import dataclass

from payments.application.wallets.change_wallet import ChangeWallet
from payments.application.wallets.close_wallet import CloseWallet
from payments.application.wallets.open_wallet import OpenOwnWallet, OpenWallet
from payments.application.wallets.read_wallets import ReadWallets
from payments.application.wallets.set_wallet_usage import SetWalletUsage


@dataclass(frozen=True, slots=True)
class Wallets:
    open_wallet: OpenWallet
    open_own_wallet: OpenOwnWallet
    change_wallet: ChangeWallet
    close_wallet: CloseWallet
    set_wallet_usage: SetWalletUsage
    read_wallets: ReadWallets
