"""A request with everything it needs before the locks: prices, compliance's verdicts, a verified signature."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from kernel.errors import DomainError
from payments.application.ports.screening import Verdict
from payments.application.ports.transfers import Request
from payments.domain.account import Account
from payments.domain.entry import accounts_of, moves_of
from payments.domain.parties import kind_to
from payments.domain.price_book import PriceBook, Quote
from payments.domain.transfer_order import TransferKind, TransferOrder


@dataclass(frozen=True, slots=True)
class PricedOrder:
    """An order with its price for each kind that it may become, or the reason why it has none."""

    order: TransferOrder
    quotes: Mapping[TransferKind, Quote | DomainError]

    @property
    def account_ids(self) -> set[UUID]:
        order = self.order
        ids = {order.source_id, order.target_id}
        for quote in self.quotes.values():
            if isinstance(quote, Quote) and (quote.fees or quote.conversion):
                ids |= accounts_of(moves_of(order.source_id, order.target_id, quote))
        return ids

    def to(self, target: Account | None) -> tuple[TransferOrder, Quote]:
        """Return the order with the kind that its payee gives it, and its price. Raise the error of the price book."""
        order = self.order
        if target and order.kind.is_the_owners:
            order = order.of_kind(kind_to(target, converting=order.target_currency is not None))
        quote = self.quotes[order.kind]
        if isinstance(quote, DomainError):
            raise quote
        return order, quote


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """`refusal` is kept until the key has been looked up: a repeated request gets its first response even if this one fails.

    `signed_text` is the one of the request's possible texts that the payer signed.
    """

    request: Request
    orders: tuple[PricedOrder, ...] = ()
    verdicts: Sequence[Verdict] = ()
    refusal: DomainError | None = None
    signed_text: bytes | None = None

    @property
    def screening(self) -> Literal["clear", "refused"] | None:
        """Compliance's verdict on the whole request, or None if compliance did not answer."""
        if not self.verdicts:
            return None
        return "clear" if all(verdict.clear for verdict in self.verdicts) else "refused"

    @property
    def account_ids(self) -> set[UUID]:
        return {id_ for order in self.orders for id_ in order.account_ids}


def priced(order: TransferOrder, prices: PriceBook, roles: frozenset[str], at: datetime) -> PricedOrder:
    """Price an order for each kind that it may become. The payee decides the kind and is not known before the locks."""
    quotes: dict[TransferKind, Quote | DomainError] = {}
    for kind in order.kinds:
        try:
            quotes[kind] = prices.quote(kind=kind, amount=order.amount, at=at, target_currency=order.target_currency, roles=roles)
        except DomainError as refusal:
            quotes[kind] = refusal
    return PricedOrder(order, quotes)
