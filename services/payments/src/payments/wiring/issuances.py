"""Builds the use cases of issuances."""

from payments.application.issuances import Issuances
from payments.application.issuances.issue_money import IssueMoney
from payments.application.ports.transfers import Cashier


def issuances(cashier: Cashier) -> Issuances:
    return Issuances(issue_money=IssueMoney(cashier=cashier))
