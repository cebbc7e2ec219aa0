"""Payments' REST side."""

from payments.interfaces.rest.fees import fees
from payments.interfaces.rest.ledger import accounts, ledger
from payments.interfaces.rest.limits import limits
from payments.interfaces.rest.rates import rates
from payments.interfaces.rest.statements import statements
from payments.interfaces.rest.transfers import issuances, payments, transfers
from payments.interfaces.rest.wallets import wallets

# Statements first: "/transfers/export" is no transfer's id.
ROUTERS = (statements, transfers, payments, issuances, wallets, accounts, ledger, fees, rates, limits)
