"""Payments' REST side."""

from payments.interfaces.rest.fees import fees
from payments.interfaces.rest.limits import limits
from payments.interfaces.rest.rates import rates
from payments.interfaces.rest.transfers import issuances, transfers
from payments.interfaces.rest.wallets import ledger, wallets

ROUTERS = (transfers, issuances, wallets, ledger, fees, rates, limits)
