"""Prices, limits and approval rules in memory."""

from dataclasses import dataclass, field

from kernel.errors import Unavailable
from payments.domain.approval import ApprovalRules
from payments.domain.limits import LimitBook
from payments.domain.price_book import PriceBook


@dataclass
class FakePrices:
    """Has no fees, limits or approval rules, unless a test sets them. `missing`: they are not loaded, or too old."""

    book: PriceBook = field(default_factory=PriceBook)
    limit_book: LimitBook = field(default_factory=LimitBook)
    rules: ApprovalRules = field(default_factory=ApprovalRules)
    missing: bool = False

    def current(self) -> PriceBook:
        self._refuse_missing()
        return self.book

    def limits(self) -> LimitBook:
        self._refuse_missing()
        return self.limit_book

    def approvals(self) -> ApprovalRules:
        self._refuse_missing()
        return self.rules

    def _refuse_missing(self) -> None:
        if self.missing:
            raise Unavailable
