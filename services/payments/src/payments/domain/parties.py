"""Who may pay and who may be paid, by the kind of an order: one rule for every way in. The database holds it too."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from kernel.errors import InvalidValue, NotFound
from kernel.money import Currency
from payments.domain.account import Account, WalletUsage, treasury_id
from payments.domain.errors import NotTheOwner
from payments.domain.transfer_order import TransferKind, TransferOrder

# Kinds that pay a wallet of one usage only. A refund pays any wallet, and so does an issuance.
_USAGE_PAID: Final = {
    TransferKind.TRANSFER: WalletUsage.PERSONAL,
    TransferKind.CONVERSION: WalletUsage.PERSONAL,
    TransferKind.PAYMENT: WalletUsage.MERCHANT,
}


def kind_to(target: Account, *, converting: bool) -> TransferKind:
    """Return the kind of a payer's order: it follows from the payee's wallet, never from what the payer says."""
    if target.usage is WalletUsage.MERCHANT:
        return TransferKind.PAYMENT
    return TransferKind.CONVERSION if converting else TransferKind.TRANSFER


def require_plannable(order: TransferOrder, accounts: Mapping[UUID, Account]) -> TransferOrder:
    """Return an order that is to be made later as the kind that it would be now; raises what would refuse it for its parties.

    Looked at without a lock, so that files and schedules that can never be made are refused when they are handed in. What is
    there only now, such as a balance, is not asked.
    """
    source, target = (
        account(accounts, order.source_id, "source_wallet_id"),
        account(accounts, order.target_id, "target_wallet_id"),
    )
    order = order.of_kind(kind_to(target, converting=order.target_currency is not None))
    require_payer(order.kind, source, order.initiator_id)
    require_payee(order.kind, target)
    source.require_plannable(order.amount.currency)
    target.require_plannable(Currency.of(order.target_currency) if order.target_currency else order.amount.currency)
    return order


def account(accounts: Mapping[UUID, Account], account_id: UUID, field: str) -> Account:
    """Return the account, or raise NotFound by the name of the field that gave its id."""
    try:
        return accounts[account_id]
    except KeyError:
        raise NotFound(field=field, wallet_id=account_id) from None


def require_payer(kind: TransferKind, source: Account, initiator_id: UUID) -> None:
    """Raise NotTheOwner unless this kind of order may take money from the account; NotFound for a payer of the system's.

    A payer's own orders take it from a wallet of the initiator, issuances from the treasury, refunds from a wallet. A
    reversal mirrors the entry that it undoes, whatever that took.
    """
    if kind.is_the_owners:
        if not source.is_wallet:
            raise NotFound(field="source_wallet_id", wallet_id=source.id)
        may = source.owner_id == initiator_id
    elif kind is TransferKind.ISSUANCE:
        may = source.id == treasury_id(source.currency)
    else:
        may = source.is_wallet or kind is TransferKind.REVERSAL
    if not may:
        raise NotTheOwner(wallet_id=source.id)


def require_payee(kind: TransferKind, target: Account) -> None:
    """Raise NotFound unless this kind of order may pay the account: nothing but a reversal pays the system's accounts.

    Raises InvalidValue for a transfer to a merchant's wallet, or a payment to another; see `kind_to`.
    """
    if kind is TransferKind.REVERSAL:
        return
    if not target.is_wallet:
        # To customers a system account is as absent as a wallet that was never opened.
        raise NotFound(field="target_wallet_id", wallet_id=target.id)
    usage = _USAGE_PAID.get(kind)
    if usage and target.usage is not usage:
        raise InvalidValue(field="kind", expected=f"the kind of a {target.usage} wallet", kind=kind, wallet_id=target.id)
