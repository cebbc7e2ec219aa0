"""Wallets: the table of contents."""

from dataclasses import dataclass

from payments.application.wallets.open_wallet import OpenWallet
from payments.application.wallets.read_wallets import ReadWallets


@dataclass(frozen=True, slots=True)
class Wallets:
    open_wallet: OpenWallet
    read_wallets: ReadWallets
