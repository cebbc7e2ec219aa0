"""Transfers: the table of contents."""

from dataclasses import dataclass

from payments.application.transfers.issue_money import IssueMoney
from payments.application.transfers.read_transfers import ReadTransfers
from payments.application.transfers.transfer_tokens import TransferTokens


@dataclass(frozen=True, slots=True)
class Transfers:
    transfer_tokens: TransferTokens
    issue_money: IssueMoney
    read_transfers: ReadTransfers
