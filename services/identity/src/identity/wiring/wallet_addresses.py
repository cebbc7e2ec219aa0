"""Wallet addresses."""

from identity.application.wallet_addresses import Addresses
from identity.application.wallet_addresses.issue_address import IssueAddress
from identity.application.wallet_addresses.label_address import LabelAddress
from identity.application.wallet_addresses.look_up_address import FindPayee, LookUpAddress
from identity.application.wallet_addresses.retire_address import RetireAddress
from identity.wiring.dependencies import Dependencies


def wallet_addresses(given: Dependencies) -> Addresses:
    look_up = LookUpAddress(queries=given.views.wallet_addresses)
    return Addresses(
        issue=IssueAddress(uow=given.uow, clock=given.clock),
        label=LabelAddress(uow=given.uow, clock=given.clock),
        retire=RetireAddress(uow=given.uow, clock=given.clock),
        look_up=look_up,
        find_payee=FindPayee(look_up=look_up),
    )
