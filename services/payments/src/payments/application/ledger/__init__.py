"""The ledger as a whole: the table of contents."""

from dataclasses import dataclass

from payments.application.ledger.read_account import ListAccounts, ReadAccount
from payments.application.ledger.unfreeze_account import UnfreezeAccount


@dataclass(frozen=True, slots=True)
class Ledger:
    read_account: ReadAccount
    list_accounts: ListAccounts
    unfreeze_account: UnfreezeAccount
