"""The ledger and its accounts on their ports."""

from payments.application.ledger import Ledger
from payments.application.ledger.read_account import ListAccounts, ReadAccount
from payments.application.ledger.unfreeze_account import UnfreezeAccount
from payments.wiring.dependencies import Dependencies


def ledger(given: Dependencies) -> Ledger:
    queries, reads = given.queries, given.reads
    return Ledger(
        read_account=ReadAccount(queries=queries, wallets=queries, transfers=queries, reads=reads),
        list_accounts=ListAccounts(queries=queries, reads=reads),
        unfreeze_account=UnfreezeAccount(uow=given.uow, queries=queries, clock=given.clock),
    )
