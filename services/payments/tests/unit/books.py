"""Two wallets and the system accounts, and orders between them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from kernel.ids import new_id
from kernel.money import Money
from payments.domain.account import Account, AccountKind, SystemCode, system_account_id
from payments.domain.price_book import FeeLine, Quote
from payments.domain.transfer import Transfer
from payments.domain.transfer_order import TransferKind, TransferOrder

AT = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
LATER = AT + timedelta(days=7)
HER, HIM, STAFF = (UUID(int=n) for n in (1, 2, 3))
HERS, HIS = (UUID(int=n) for n in (11, 12))


def nad(amount: str | Decimal) -> Money:
    return Money.of(amount, "NAD")


class Books:
    """Her wallet, his wallet, and all system accounts."""

    def __init__(self, hers: str = "1000.00", his: str = "0.00") -> None:
        self.accounts: dict[UUID, Account] = {}
        for id_, owner, balance in ((HERS, HER, hers), (HIS, HIM, his)):
            self.accounts[id_] = Account(id_, AccountKind.WALLET, owner, "NAD", Decimal(balance), 0, AT)
        for currency in ("NAD", "USD"):
            for code in SystemCode:
                id_ = system_account_id(code, currency)
                self.accounts[id_] = Account(id_, AccountKind.SYSTEM, None, currency, Decimal(0), 0, AT)

    @property
    def hers(self) -> Account:
        return self.accounts[HERS]

    @property
    def his(self) -> Account:
        return self.accounts[HIS]

    def system(self, code: SystemCode, currency: str = "NAD") -> Account:
        return self.accounts[system_account_id(code, currency)]

    def balances(self) -> dict[UUID, tuple[Decimal, Decimal]]:
        return {id_: (account.balance, account.held) for id_, account in self.accounts.items()}

    def total(self, currency: str = "NAD") -> Decimal:
        return sum((one.balance for one in self.accounts.values() if one.currency == currency), Decimal(0))


def order(amount: str = "250.00", /, **changes: object) -> TransferOrder:
    values: dict[str, object] = {
        "kind": TransferKind.TRANSFER,
        "key": "k",
        "initiator_id": HER,
        "source_id": HERS,
        "target_id": HIS,
        "amount": nad(amount),
        "description": "rent",
        **changes,
    }
    return TransferOrder(**values)  # type: ignore[arg-type]  # tests choose which


def quote(amount: str = "250.00", *fees: tuple[str, str, bool]) -> Quote:
    lines = tuple(FeeLine(code, nad(fee), new_id(), refundable) for code, fee, refundable in fees)
    return Quote(nad(amount), lines)


def held(books: Books, priced: Quote | None = None, *, approval: bool = False, **changes: object) -> Transfer:
    priced = priced or quote()
    asked = order(priced.amount.text, capture_later=True, **changes)
    return Transfer.hold(asked, priced, books.accounts, AT, expires_at=LATER, awaiting_approval=approval)


def settled(books: Books, priced: Quote | None = None) -> Transfer:
    priced = priced or quote()
    return Transfer.settle(order(priced.amount.text), priced, books.accounts, AT)


def back(transfer: Transfer, amount: str, *, kind: TransferKind = TransferKind.REFUND, by: UUID = HIM) -> TransferOrder:
    return order(
        amount, kind=kind, key="b", initiator_id=by, source_id=HIS, target_id=HERS, parent_id=transfer.id, description="back"
    )
