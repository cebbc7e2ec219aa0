"""Apply the payer's rules to a whole file: when it is submitted, and again before its first line runs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from payments.application.ports.accounts import AccountLookup
from payments.application.ports.approvals import ApprovalPolicies
from payments.application.ports.payment_permissions import PaymentPermissions
from payments.application.ports.spending import SentQuestion
from payments.application.ports.transfers import Terms
from payments.application.ports.unit_of_work import Transaction
from payments.domain.account import Account, AccountStatus
from payments.domain.approval import Outflow
from payments.domain.bulk import Bulk
from payments.domain.bulk_file import BulkLine
from payments.domain.parties import kind_to
from payments.domain.payer_policy import PayerPolicy
from payments.domain.payer_rules import Needs, PayerRequest, PayerRules
from payments.domain.payment_permission import Source
from payments.domain.transfer_order import TransferKind, TransferOrder


@dataclass(frozen=True, slots=True)
class JudgeBulk:
    wallets: AccountLookup
    approvals: ApprovalPolicies
    payment_permissions: PaymentPermissions
    policy: PayerPolicy
    terms: Terms

    def rules(self) -> PayerRules:
        """Return the rules in force."""
        return PayerRules(self.policy, self.approvals.approvals(), self.payment_permissions.of_payments())

    async def outflows(self, bulk: Bulk, lines: Iterable[BulkLine]) -> Sequence[Outflow]:
        """Return what the lines take, by the current accounts. A missing or closed payee is refused when the line is posted."""
        orders = [bulk.order(line) for line in lines]
        found = await self.wallets.of(list(dict.fromkeys((bulk.source_id, *(order.target_id for order in orders)))))
        payees = {id_: payee for id_, payee in found.items() if payee.status is not AccountStatus.CLOSED}
        source = Source.of(found.get(bulk.source_id))
        return [outflow_to(payees[order.target_id], order, source) for order in orders if order.target_id in payees]

    async def __call__(self, tx: Transaction, bulk: Bulk, request: PayerRequest, rules: PayerRules, at: datetime) -> Needs:
        """Return what a file requires. The caller has serialised the payer's requests: nothing is sent meanwhile.

        The file is not counted among its own earlier requests. Raise Unavailable if the rules are too old.
        """
        payer_id, windowed = bulk.payer_id, rules.approvals.windowed(bulk.currency)
        questions = [SentQuestion(payer_id, rule, at - (rule.window or timedelta()), but_bulk=bulk.id) for rule in windowed]
        sent = await tx.spending.sent(questions)
        return rules.judge(request, sent=lambda rule: sent.get((payer_id, rule.name), Decimal(0)), at=at)


def outflow_to(payee: Account, order: TransferOrder, source: Source | None) -> Outflow:
    """Return what an order takes, with the kind that its payee's wallet gives it."""
    kind = kind_to(payee, converting=order.target_currency is not None)
    return Outflow(kind=kind, amount=order.amount, source=source, target_id=payee.id, owner_id=payee.owner_id)


def kinds_of(outflows: Iterable[Outflow]) -> Mapping[UUID, TransferKind]:
    """Return the kind with which each payee's wallet was judged."""
    return {outflow.target_id: outflow.kind for outflow in outflows}
