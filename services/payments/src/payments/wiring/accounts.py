"""Builds the use cases of ledger accounts."""

from payments.application.accounts import Accounts
from payments.application.accounts.get_account import GetAccount
from payments.application.accounts.list_account_postings import ListAccountPostings
from payments.application.accounts.list_accounts import ListAccounts
from payments.application.accounts.unfreeze_account import UnfreezeAccount
from payments.infrastructure.sql.accounts import SqlAccountViews
from payments.wiring.dependencies import Dependencies


def accounts(given: Dependencies) -> Accounts:
    views, reads = SqlAccountViews(given.database), given.reads
    return Accounts(
        get_account=GetAccount(views=views, reads=reads),
        list_account_postings=ListAccountPostings(views=views, reads=reads),
        list_accounts=ListAccounts(views=views, reads=reads),
        unfreeze_account=UnfreezeAccount(uow=given.uow, views=views, clock=given.clock),
    )
