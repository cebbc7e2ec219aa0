"""All use cases of payments, on their ports."""

from payments.application import Payments
from payments.wiring.accounts import accounts
from payments.wiring.bulk_transfers import bulk_transfers
from payments.wiring.dependencies import Dependencies
from payments.wiring.fees import fees
from payments.wiring.issuances import issuances
from payments.wiring.ledger import ledger
from payments.wiring.ledger_verifications import ledger_verifications
from payments.wiring.limits import limits
from payments.wiring.payments import payments
from payments.wiring.posting import group_commit
from payments.wiring.rates import rates
from payments.wiring.receipts import receipts
from payments.wiring.schedules import schedules
from payments.wiring.statements import statements
from payments.wiring.transfers import transfers
from payments.wiring.wallets import wallets


def build(given: Dependencies) -> Payments:
    cashier = group_commit(given)
    return Payments(
        accounts=accounts(given),
        transfers=transfers(given, cashier),
        payments=payments(given, cashier),
        issuances=issuances(cashier),
        receipts=receipts(given),
        statements=statements(given),
        wallets=wallets(given),
        ledger=ledger(given),
        ledger_verifications=ledger_verifications(given),
        fees=fees(given),
        rates=rates(given),
        limits=limits(given),
        bulk_transfers=bulk_transfers(given),
        schedules=schedules(given),
    )
