"""The audit facts of transfers."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from kernel.audit import Audited, AuditFact, State
from kernel.money import amount_text
from kernel.reads import ReadOfOthers
from payments.domain.entry import Accounts
from payments.domain.transfer import Transfer, TransferStatus
from payments.domain.transfer_order import TransferOrder

_VERBS = {TransferStatus.PENDING: "hold", TransferStatus.PENDING_APPROVAL: "submit"}


def made(transfer: Transfer, accounts: Accounts) -> AuditFact:
    """Record a new transfer, settled or on hold, with the balances before and after of both its accounts."""
    order = transfer.order
    return AuditFact(
        action=f"payments.{order.kind}.{_VERBS.get(transfer.status, 'settle')}",
        resource_type="transfer",
        resource_id=str(transfer.id),
        occurred_at=transfer.created_at,
        before=_balances_before(transfer, accounts),
        after={**_balances(transfer, accounts), **_order_state(order), **state(transfer)},
        reason=order.description or None,
        related_ids=_related(transfer, accounts),
    )


def transfer_on(accounts: Accounts) -> Audited[Transfer]:
    """Return how a transfer appears in the audit log: its status, with the balances of both its accounts."""
    return Audited(
        action="payments.transfer",
        resource_type="transfer",
        id_of=lambda transfer: transfer.id,
        state=lambda transfer: {**_balances(transfer, accounts), **state(transfer)},
        related=lambda transfer: _related(transfer, accounts),
    )


def refused(order: TransferOrder, *, reason: str, at: datetime, transfer_id: UUID | None = None) -> AuditFact:
    """Record an order or a waiting transfer that compliance did not clear."""
    wallets = (str(order.source_id), str(order.target_id))
    return AuditFact(
        action="payments.transfer.refuse",
        resource_type="transfer" if transfer_id else "wallet",
        resource_id=str(transfer_id or order.source_id),
        occurred_at=at,
        after=_order_state(order),
        reason=reason,
        related_ids=wallets if transfer_id else wallets[1:],
    )


def state(transfer: Transfer) -> State:
    """Return the changing fields of a transfer that the status "completed" does not imply."""
    currency = transfer.quote.amount.currency.code
    shown: dict[str, object] = {"status": transfer.status.value}
    if transfer.quote.fees:
        shown["fee_total"] = transfer.quote.fee_total.text
    if transfer.held:
        shown["held"] = amount_text(transfer.held, currency)
    if transfer.captured is not None:
        shown["captured"] = amount_text(transfer.captured, currency)
    if transfer.refunded:
        shown["refunded"] = amount_text(transfer.refunded, currency)
    return shown


def _order_state(order: TransferOrder) -> dict[str, object]:
    asked: dict[str, object] = {"amount": order.amount.text, "currency": order.amount.currency.code}
    if order.reference:
        asked["reference"] = order.reference
    if order.parent_id:
        asked["parent_id"] = str(order.parent_id)
    return asked


def _balances(transfer: Transfer, accounts: Accounts) -> dict[str, object]:
    """The balances that the transfer left; each linked transfer has its own."""
    left = {posting.account_id: posting.balance_after for posting in transfer.postings}
    return _balances_of_both(transfer, accounts, left)


def _balances_before(transfer: Transfer, accounts: Accounts) -> dict[str, object]:
    found: dict[UUID, Decimal] = {}
    for posting in transfer.postings:
        found.setdefault(posting.account_id, posting.balance_after - posting.amount)
    return _balances_of_both(transfer, accounts, found)


def _balances_of_both(transfer: Transfer, accounts: Accounts, balances: Mapping[UUID, Decimal]) -> dict[str, object]:
    source, target = (accounts[id_] for id_ in (transfer.order.source_id, transfer.order.target_id))
    return {
        "source_balance": amount_text(balances.get(source.id, source.balance), source.currency),
        "target_balance": amount_text(balances.get(target.id, target.balance), target.currency),
    }


def _related(transfer: Transfer, accounts: Accounts) -> tuple[str, ...]:
    order = transfer.order
    ids = [order.source_id, order.target_id]
    ids += [owner for owner in (accounts[order.source_id].owner_id, accounts[order.target_id].owner_id) if owner]
    if order.parent_id:
        ids.append(order.parent_id)
    return tuple(str(id_) for id_ in ids)


def read(transfer: Transfer, verb: str, *, owners: Sequence[UUID]) -> ReadOfOthers:
    return ReadOfOthers(action=f"payments.transfer.{verb}", resource_id=str(transfer.id), owners=owners)


def waiting_listed(transfers: Sequence[Transfer], owners: Iterable[UUID]) -> ReadOfOthers:
    """Record the read of a page of others' transfers. `owners` are the owners of their source and target wallets."""
    initiators = [transfer.order.initiator_id for transfer in transfers]
    return ReadOfOthers(
        action="payments.transfer.list_awaiting_approval", owners=(*initiators, *sorted(owners)), shown=len(transfers)
    )
