"""Wallets: the table of contents."""

from dataclasses import dataclass

from payments.application.wallets.change_wallet import ChangeWallet
from payments.application.wallets.open_wallet import OpenOwnWallet, OpenWallet
from payments.application.wallets.read_wallets import ReadWallets


@dataclass(frozen=True, slots=True)
class Wallets:
    open_wallet: OpenWallet
    open_own_wallet: OpenOwnWallet
    change_wallet: ChangeWallet
    read_wallets: ReadWallets
