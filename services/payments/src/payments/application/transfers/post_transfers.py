"""Settle the transfers that wait, together: one screening call, one transaction, an outcome each."""

from collections.abc import Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.clock import Clock
from kernel.errors import DomainError, NotFound
from kernel.money import amount_text
from payments.application.ports.ledger import Settled
from payments.application.ports.screening import Screening, Verdict
from payments.application.ports.unit_of_work import Transaction, UnitOfWork
from payments.domain.account import Account
from payments.domain.errors import ScreeningRefused
from payments.domain.transfer import Transfer, TransferOrder


@dataclass(frozen=True, slots=True)
class Request:
    """An order, who asks, and the context (trace) that its events and audit facts belong to."""

    order: TransferOrder
    actor: Actor
    context: Context = field(default_factory=Context, compare=False)

    @property
    def key(self) -> tuple[UUID, str]:
        return self.order.initiator_id, self.order.key


Outcome = Settled | DomainError


@dataclass(frozen=True, slots=True)
class PostTransfers:
    """Post a batch. A refused order never disturbs its neighbours: its outcome is the refusal."""

    uow: UnitOfWork
    screening: Screening
    clock: Clock

    async def __call__(self, requests: Sequence[Request]) -> Sequence[Outcome]:
        orders = [request.order for request in requests]
        verdicts = await self.screening.screen(orders)
        async with self.uow.begin(Actor.service("payments")) as tx:
            accounts = await tx.accounts.lock([id_ for order in orders for id_ in (order.source_id, order.target_id)])
            # Looked up under the locks: of two requests with one key, the second sees the first's transfer.
            earlier = dict(await tx.transfers.find_by_keys(orders))
            batch = _Batch(tx, accounts, earlier, self.clock.now())
            outcomes = [
                request.context.run(batch.settle, request, verdict) for request, verdict in zip(requests, verdicts, strict=True)
            ]
            if batch.settled:
                await tx.transfers.add(batch.settled)
                await tx.accounts.save([account for account in accounts.values() if account.id in batch.touched])
        return outcomes


@dataclass(slots=True)
class _Batch:
    tx: Transaction
    accounts: Mapping[UUID, Account]
    earlier: dict[tuple[UUID, str], Transfer]
    at: datetime
    settled: list[Transfer] = field(default_factory=list)
    touched: set[UUID] = field(default_factory=set)

    def settle(self, request: Request, verdict: Verdict) -> Outcome:
        try:
            if transfer := self.earlier.get(request.key):
                return Settled(transfer.confirm_replay(request.order), replayed=True)
            if not verdict.clear:
                self._record_refusal(request, verdict)
                return ScreeningRefused()
            return Settled(self._post(request), replayed=False)
        except DomainError as refusal:
            return refusal

    def _post(self, request: Request) -> Transfer:
        order = request.order
        source, target = self._account(order.source_id, "source_wallet_id"), self._account(order.target_id, "target_wallet_id")
        transfer = Transfer.settle(order, source, target, self.at)
        self.earlier[request.key] = transfer
        self.settled.append(transfer)
        self.touched |= {source.id, target.id}
        self.tx.record(_fact(transfer, source, target), actor=request.actor)
        for event in transfer.collect():
            self.tx.announce(event)
        return transfer

    def _account(self, account_id: UUID, field_name: str) -> Account:
        try:
            return self.accounts[account_id]
        except KeyError:
            raise NotFound(field=field_name, wallet_id=account_id) from None

    def _record_refusal(self, request: Request, verdict: Verdict) -> None:
        order = request.order
        self.tx.record(
            AuditFact(
                action="payments.transfer.refuse",
                resource_type="wallet",
                resource_id=str(order.source_id),
                occurred_at=self.at,
                after={"amount": order.amount.text, "currency": order.amount.currency.code},
                reason=verdict.reason,
                related_ids=(str(order.target_id),),
            ),
            actor=request.actor,
        )


def _fact(transfer: Transfer, source: Account, target: Account) -> AuditFact:
    debit, credit = transfer.postings
    order = transfer.order
    currency = order.amount.currency.code
    owners = tuple(str(owner) for owner in (source.owner_id, target.owner_id) if owner)
    return AuditFact(
        action=f"payments.{order.kind}.settle",
        resource_type="transfer",
        resource_id=str(transfer.id),
        occurred_at=transfer.settled_at,
        before={
            "source_balance": amount_text(debit.balance_after - debit.amount, currency),
            "target_balance": amount_text(credit.balance_after - credit.amount, currency),
        },
        after={
            "source_balance": amount_text(debit.balance_after, currency),
            "target_balance": amount_text(credit.balance_after, currency),
            "amount": order.amount.text,
            "currency": currency,
        },
        reason=order.description or None,
        related_ids=(str(source.id), str(target.id), *owners),
    )
