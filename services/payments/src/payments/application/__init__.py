"""The use cases of payments: the table of contents."""

from dataclasses import dataclass

from payments.application.accounts import Accounts
from payments.application.bulk_transfers import BulkTransfers
from payments.application.fees import Fees
from payments.application.issuances import Issuances
from payments.application.ledger import Ledger
from payments.application.ledger_verifications import LedgerVerifications
from payments.application.limits import Limits
from payments.application.payments import MerchantPayments
from payments.application.rates import Rates
from payments.application.receipts import Receipts
from payments.application.schedules import Schedules
from payments.application.statements import Statements
from payments.application.transfers import Transfers
from payments.application.wallets import Wallets


@dataclass(frozen=True, slots=True)
class Payments:
    accounts: Accounts
    transfers: Transfers
    wallets: Wallets
    ledger: Ledger
    ledger_verifications: LedgerVerifications
    fees: Fees
    rates: Rates
    limits: Limits
    payments: MerchantPayments
    issuances: Issuances
    receipts: Receipts
    statements: Statements
    bulk_transfers: BulkTransfers
    schedules: Schedules
