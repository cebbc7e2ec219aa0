"""Wallet addresses."""

from chassis.wiring import wire
from identity.application.wallet_addresses import WalletAddresses
from identity.wiring.dependencies import Dependencies


def wallet_addresses(given: Dependencies) -> WalletAddresses:
    return wire(WalletAddresses, uow=given.uow, views=given.views.wallet_addresses, clock=given.clock)
