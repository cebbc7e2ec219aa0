"""Issuances: the table of contents."""

from dataclasses import dataclass

from payments.application.issuances.issue_money import IssueMoney


@dataclass(frozen=True, slots=True)
class Issuances:
    issue_money: IssueMoney
