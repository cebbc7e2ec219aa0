"""The use cases on their ports: one file for each noun."""

from payments.application import Payments
from payments.wiring.accounts import accounts
from payments.wiring.bulk_transfers import bulk_transfers
from payments.wiring.dependencies import Dependencies
from payments.wiring.history import history
from payments.wiring.ledger import ledger
from payments.wiring.pricing import pricing
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
        pricing=pricing(given),
        bulk_transfers=bulk_transfers(given),
        schedules=schedules(given),
        queries=given.queries,
    )
