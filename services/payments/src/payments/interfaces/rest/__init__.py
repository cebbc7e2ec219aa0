"""Payments' REST side."""

from payments.interfaces.rest.bulk import bulks
from payments.interfaces.rest.fees import fees
from payments.interfaces.rest.ledger import accounts, ledger
from payments.interfaces.rest.limits import limits
from payments.interfaces.rest.rates import rates
from payments.interfaces.rest.statements import statements
from payments.interfaces.rest.transfers import issuances, payments, transfers
from payments.interfaces.rest.wallets import wallets

# Statements and bulks first: "/transfers/export" and "/transfers/bulk" are no transfers' ids.
ROUTERS = (statements, bulks, transfers, payments, issuances, wallets, accounts, ledger, fees, rates, limits)
