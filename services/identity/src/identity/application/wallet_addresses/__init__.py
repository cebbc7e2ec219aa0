"""Wallet addresses: the table of contents."""

from dataclasses import dataclass

from identity.application.wallet_addresses.get_wallet_address import GetWalletAddress
from identity.application.wallet_addresses.issue_wallet_address import IssueWalletAddress
from identity.application.wallet_addresses.label_wallet_address import LabelWalletAddress
from identity.application.wallet_addresses.list_wallet_addresses import ListWalletAddresses
from identity.application.wallet_addresses.look_up_address import LookUpAddress
from identity.application.wallet_addresses.look_up_wallet_address import LookUpWalletAddress
from identity.application.wallet_addresses.retire_wallet_address import RetireWalletAddress


@dataclass(frozen=True, slots=True)
class WalletAddresses:
    list_wallet_addresses: ListWalletAddresses
    get_wallet_address: GetWalletAddress
    issue_wallet_address: IssueWalletAddress
    label_wallet_address: LabelWalletAddress
    retire_wallet_address: RetireWalletAddress
    look_up_wallet_address: LookUpWalletAddress
    look_up_address: LookUpAddress
