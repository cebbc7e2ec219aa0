"""The rules for payers and payees, by the kind of an order. All interfaces share them; the database enforces them too."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from kernel.errors import InvalidValue, NotFound
from kernel.money import Currency
from payments.domain.account import Account, WalletUsage, treasury_id
from payments.domain.errors import NotTheOwner
from payments.domain.transfer_order import TransferKind, TransferOrder

# Kinds that pay wallets of one usage only. Refunds and issuances pay any wallet.
_USAGE_PAID: Final = {
    TransferKind.TRANSFER: WalletUsage.PERSONAL,
    TransferKind.CONVERSION: WalletUsage.PERSONAL,
    TransferKind.PAYMENT: WalletUsage.MERCHANT,
}


def kind_to(target: Account, *, converting: bool) -> TransferKind:
    """Return the kind of a payer's order. The payee's wallet decides it, never the payer."""
    if target.usage is WalletUsage.MERCHANT:
        return TransferKind.PAYMENT
    return TransferKind.CONVERSION if converting else TransferKind.TRANSFER


def require_plannable(order: TransferOrder, accounts: Mapping[UUID, Account]) -> TransferOrder:
    """Return an order for later as the kind that it would be now. Raise the error that would refuse its parties.

    Used without locks, to refuse files and schedules that can never run when they are submitted. What may change by then,
    such as a balance, is not checked.
    """
    source, target = (
        account(accounts, order.source_id, "source_wallet_id"),
        account(accounts, order.target_id, "target_wallet_id"),
    )
    order = order.of_kind(kind_to(target, converting=order.target_currency is not None))
    require_payer(order.kind, source, order.payer_id)
    require_payee(order.kind, target)
    source.require_plannable(order.amount.currency)
    target.require_plannable(Currency.of(order.target_currency) if order.target_currency else order.amount.currency)
    return order


def account(accounts: Mapping[UUID, Account], account_id: UUID, field: str) -> Account:
    """Return the account, or raise NotFound with the name of the field that gave its id."""
    try:
        return accounts[account_id]
    except KeyError:
        raise NotFound(field=field, wallet_id=account_id) from None


def require_payer(kind: TransferKind, source: Account, payer_id: UUID) -> None:
    """Raise NotTheOwner unless this kind of order may debit the account; raise NotFound for a system account.

    A payer's orders debit a wallet of the payer, issuances the treasury, and refunds a wallet. A reversal mirrors the
    entry that it undoes, so it may debit any account.
    """
    if kind.is_the_owners:
        if not source.is_wallet:
            raise NotFound(field="source_wallet_id", wallet_id=source.id)
        may = source.owner_id == payer_id
    elif kind is TransferKind.ISSUANCE:
        may = source.id == treasury_id(source.currency)
    else:
        may = source.is_wallet or kind is TransferKind.REVERSAL
    if not may:
        raise NotTheOwner(wallet_id=source.id)


def require_payee(kind: TransferKind, target: Account) -> None:
    """Raise NotFound unless this kind of order may pay the account: only reversals pay system accounts.

    Raise InvalidValue for a transfer to a merchant's wallet, or a payment to any other wallet; see `kind_to`.
    """
    if kind is TransferKind.REVERSAL:
        return
    if not target.is_wallet:
        # Customers get the same answer for a system account as for a wallet that does not exist.
        raise NotFound(field="target_wallet_id", wallet_id=target.id)
    usage = _USAGE_PAID.get(kind)
    if usage and target.usage is not usage:
        expected = "`payment` for a merchant's wallet, `transfer` for any other"
        raise InvalidValue(field="kind", expected=expected, kind=kind, wallet_id=target.id)
