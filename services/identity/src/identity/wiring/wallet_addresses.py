"""Wallet addresses."""

from identity.application.wallet_addresses import WalletAddresses
from identity.application.wallet_addresses.get_wallet_address import GetWalletAddress
from identity.application.wallet_addresses.issue_wallet_address import IssueWalletAddress
from identity.application.wallet_addresses.label_wallet_address import LabelWalletAddress
from identity.application.wallet_addresses.list_wallet_addresses import ListWalletAddresses
from identity.application.wallet_addresses.look_up_address import LookUpAddress
from identity.application.wallet_addresses.look_up_wallet_address import LookUpWalletAddress
from identity.application.wallet_addresses.retire_wallet_address import RetireWalletAddress
from identity.wiring.dependencies import Dependencies


def wallet_addresses(given: Dependencies) -> WalletAddresses:
    look_up_address = LookUpAddress(views=given.views.wallet_addresses)
    return WalletAddresses(
        list_wallet_addresses=ListWalletAddresses(views=given.views.wallet_addresses),
        get_wallet_address=GetWalletAddress(views=given.views.wallet_addresses),
        issue_wallet_address=IssueWalletAddress(uow=given.uow, clock=given.clock),
        label_wallet_address=LabelWalletAddress(uow=given.uow, views=given.views.wallet_addresses, clock=given.clock),
        retire_wallet_address=RetireWalletAddress(uow=given.uow, views=given.views.wallet_addresses, clock=given.clock),
        look_up_wallet_address=LookUpWalletAddress(look_up_address=look_up_address),
        look_up_address=look_up_address,
    )
