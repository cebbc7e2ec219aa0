"""A file judged whole by the approval rules: when it is handed in, and again before its first line runs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from payments.application.ports.accounts import AccountLookup
from payments.application.ports.approvals import ApprovalPolicies
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
from payments.domain.transfer_order import TransferKind, TransferOrder


@dataclass(frozen=True, slots=True)
class JudgeBulk:
    wallets: AccountLookup
    approvals: ApprovalPolicies
    policy: PayerPolicy
    terms: Terms

    def rules(self) -> PayerRules:
        """Return the rules in force."""
        return PayerRules(self.policy, self.approvals.approvals())

    async def outflows(self, bulk: Bulk, lines: Iterable[BulkLine]) -> Sequence[Outflow]:
        """Return what lines take by the accounts of now; a payee who is gone, or closed, is refused at the posting."""
        orders = [bulk.order(line) for line in lines]
        found = await self.wallets.of(list(dict.fromkeys(order.target_id for order in orders)))
        payees = {id_: payee for id_, payee in found.items() if payee.status is not AccountStatus.CLOSED}
        return [outflow_to(payees[order.target_id], order) for order in orders if order.target_id in payees]

    async def __call__(self, tx: Transaction, bulk: Bulk, request: PayerRequest, rules: PayerRules, at: datetime) -> Needs:
        """Tell what a file needs. Its payer's requests take turns already: nothing is sent while the windows are looked at.

        The file itself is no part of what was sent before it. Raises Unavailable when the rules are too old to tell.
        """
        payer_id, windowed = bulk.initiator_id, rules.approvals.windowed(bulk.currency)
        questions = [SentQuestion(payer_id, rule, at - (rule.window or timedelta()), but_bulk=bulk.id) for rule in windowed]
        sent = await tx.spending.sent(questions)
        return rules.judge(request, sent=lambda rule: sent.get((payer_id, rule.name), Decimal(0)), at=at)


def outflow_to(payee: Account, order: TransferOrder) -> Outflow:
    """Return what an order takes, as the kind that its payee's wallet makes it."""
    kind = kind_to(payee, converting=order.target_currency is not None)
    return Outflow(kind=kind, amount=order.amount, target_id=payee.id, owner_id=payee.owner_id)


def kinds_of(outflows: Iterable[Outflow]) -> Mapping[UUID, TransferKind]:
    """Return as what kind each payee's wallet was judged."""
    return {outflow.target_id: outflow.kind for outflow in outflows}
