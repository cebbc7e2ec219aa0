"""Wallet addresses: the table of contents."""

from dataclasses import dataclass

from identity.application.wallet_addresses.issue_address import IssueAddress
from identity.application.wallet_addresses.label_address import LabelAddress
from identity.application.wallet_addresses.look_up_address import FindPayee, LookUpAddress
from identity.application.wallet_addresses.retire_address import RetireAddress


@dataclass(frozen=True, slots=True)
class Addresses:
    issue: IssueAddress
    label: LabelAddress
    retire: RetireAddress
    look_up: LookUpAddress
    find_payee: FindPayee
