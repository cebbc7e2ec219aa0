"""Ledger accounts, for staff: the table of contents."""

from dataclasses import dataclass

from payments.application.accounts.get_account import GetAccount
from payments.application.accounts.list_account_postings import ListAccountPostings
from payments.application.accounts.list_accounts import ListAccounts
from payments.application.accounts.unfreeze_account import UnfreezeAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    get_account: GetAccount
    list_account_postings: ListAccountPostings
    list_accounts: ListAccounts
    unfreeze_account: UnfreezeAccount
