"""Payments' REST side."""

from payments.interfaces.rest.transfers import issuances, transfers
from payments.interfaces.rest.wallets import ledger, wallets

ROUTERS = (transfers, issuances, wallets, ledger)
