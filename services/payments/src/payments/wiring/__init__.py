"""The use cases on their ports: one file for each noun."""

from payments.application import Payments
from payments.wiring.accounts import accounts
from payments.wiring.bulk_transfers import bulk_transfers
from payments.wiring.dependencies import Dependencies
from payments.wiring.fees import fees
from payments.wiring.history import history
from payments.wiring.ledger import ledger
from payments.wiring.limits import limits
from payments.wiring.rates import rates
from payments.wiring.schedules import schedules
from payments.wiring.transfers import transfers
from payments.wiring.wallets import wallets


def build(given: Dependencies) -> Payments:
    return Payments(
        accounts=accounts(given),
        transfers=transfers(given),
        wallets=wallets(given),
        history=history(given),
        ledger=ledger(given),
        fees=fees(given),
        rates=rates(given),
        limits=limits(given),
        bulk_transfers=bulk_transfers(given),
        schedules=schedules(given),
        queries=given.queries,
    )
