"""Prices, limits and approval rules in memory."""

from dataclasses import dataclass, field

from payments.domain.approval import ApprovalRules
from payments.domain.limits import LimitBook
from payments.domain.price_book import PriceBook


@dataclass
class FakePrices:
    """Has no fees, limits or approval rules, unless a test sets them."""

    book: PriceBook = field(default_factory=PriceBook)
    limit_book: LimitBook = field(default_factory=LimitBook)
    rules: ApprovalRules = field(default_factory=ApprovalRules)

    def current(self) -> PriceBook:
        return self.book

    def limits(self) -> LimitBook:
        return self.limit_book

    def approvals(self) -> ApprovalRules:
        return self.rules
