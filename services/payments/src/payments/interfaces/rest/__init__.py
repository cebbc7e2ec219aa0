"""The REST interface of payments."""

from payments.interfaces.rest.accounts import accounts
from payments.interfaces.rest.bulk_transfers import bulk_transfers
from payments.interfaces.rest.fees import fees
from payments.interfaces.rest.issuances import issuances
from payments.interfaces.rest.ledger import ledger
from payments.interfaces.rest.ledger_verifications import ledger_verifications
from payments.interfaces.rest.limits import limits
from payments.interfaces.rest.payments import payments
from payments.interfaces.rest.rates import rates
from payments.interfaces.rest.receipts import receipts
from payments.interfaces.rest.schedules import schedules
from payments.interfaces.rest.statements import statements
from payments.interfaces.rest.transfers import transfers
from payments.interfaces.rest.wallets import wallets

# These come first, or "export", "bulk" and "schedules" below "/transfers" would be read as transfer ids.
ROUTERS = (
    statements,
    bulk_transfers,
    schedules,
    receipts,
    transfers,
    payments,
    issuances,
    wallets,
    accounts,
    ledger,
    ledger_verifications,
    fees,
    rates,
    limits,
)
