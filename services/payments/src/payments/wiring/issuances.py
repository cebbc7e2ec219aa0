"""Builds the use cases of issuances."""

from chassis.wiring import wire
from payments.application.issuances import Issuances
from payments.application.ports.transfers import Cashier


def issuances(cashier: Cashier) -> Issuances:
    return wire(Issuances, cashier=cashier)
