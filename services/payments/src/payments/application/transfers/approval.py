"""What is approved of a transfer, and how a decision on it is carried out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from kernel.actor import Actor
from kernel.approval_ports import Vote
from kernel.approvals import ApprovalAsked, ApprovalDecision, Outcome
from kernel.clock import Clock
from kernel.ids import new_id
from kernel.money import Money
from payments.application.ports.payer_rights import Memberships, Payer, Standings
from payments.application.ports.screening import Screening
from payments.application.ports.transfers import Terms
from payments.application.ports.unit_of_work import Transaction, UnitOfWork
from payments.application.transfers.locked_transfer import LockedTransfer, changing, lock_transfer
from payments.application.transfers.members import require_member
from payments.application.transfers.rescreen import require_clear
from payments.application.transfers.standing import require_standing
from payments.application.transfers.views import TransferViews
from payments.domain.errors import NotPending
from payments.domain.fx_rate import Conversion
from payments.domain.transfer import Transfer, TransferStatus

KIND: Final = "payments.transfer"


def content_of(transfer: Transfer) -> Mapping[str, object]:
    """Return what a decision on a transfer is about: its order and price."""
    order, quote = transfer.order, transfer.quote
    return {
        "kind": order.kind.value,
        "initiator_id": str(order.initiator_id),
        "source_wallet_id": str(order.source_id),
        "target_wallet_id": str(order.target_id),
        "amount": order.amount.text,
        "currency": order.amount.currency.code,
        "description": order.description,
        "reference": order.reference,
        # A list: canonical JSON has only ASCII names.
        "metadata": [[name, order.metadata[name]] for name in sorted(order.metadata)],
        "capture": "later" if order.capture_later else "now",
        "fees": [[line.account_code, line.amount.text, str(line.rule_id), line.refundable] for line in quote.fees],
        "conversion": _conversion(quote.conversion) if quote.conversion else None,
    }


def _conversion(conversion: Conversion) -> Mapping[str, object]:
    # Without the zeros at the end, which the database adds.
    rate = f"{conversion.rate.normalize():f}"
    target = conversion.target
    return {"rate": rate, "amount": target.text, "currency": target.currency.code, "spread": conversion.spread.text}


def asked_of(transfer: Transfer, *, asked_by: Actor, rules: Sequence[str] = (), at: datetime) -> ApprovalAsked:
    """Return what is asked for a transfer that waits. `rules` are the approval rules that it matches."""
    order = transfer.order
    return ApprovalAsked(
        id=new_id(),
        kind=KIND,
        resource_id=transfer.id,
        content=content_of(transfer),
        asked_by=f"{asked_by.kind}:{asked_by.subject_id}",
        asked_at=at,
        expires_at=transfer.expires_at or at,
        on_behalf_of=order.initiator_id,
        organization_id=order.organization_id,
        amount=Money.of(order.amount.amount, order.amount.currency.code),
        reason=order.description,
        facts={"approval_rules": list(rules)},
    )


@dataclass(frozen=True, slots=True)
class ApprovableTransfer:
    """Settle or end a waiting transfer as it was decided."""

    KIND: ClassVar[str] = KIND

    uow: UnitOfWork
    views: TransferViews
    screening: Screening
    standings: Standings
    memberships: Memberships
    terms: Terms
    clock: Clock

    async def prepare(self, *, actor: Actor, resource_id: UUID, outcome: Outcome) -> None:
        """Raise NotFound, ScreeningRefused, NotAMember, and PayerSuspended, PayerClosed or PayeeBarred if a party may not act."""
        if outcome is not Outcome.APPROVED:
            return
        order = await require_clear(self.uow, self.views, self.screening, self.clock, actor=actor, transfer_id=resource_id)
        await require_standing(self.views, self.standings, user_id=order.initiator_id, transfer_id=resource_id)
        await require_member(self.memberships, Payer(order.initiator_id, order.organization_id))

    async def lock(self, tx: Transaction, resource_id: UUID) -> LockedTransfer:
        return await lock_transfer(tx, resource_id)

    def content(self, thing: LockedTransfer) -> Mapping[str, object]:
        return content_of(thing.transfer)

    def asked(self, thing: LockedTransfer, *, at: datetime) -> ApprovalAsked:
        return asked_of(thing.transfer, asked_by=Actor.service("payments"), at=at)

    async def rehearse(self, tx: Transaction, thing: LockedTransfer, vote: Vote) -> None:  # noqa: ARG002  # the port's
        """Raise OwnDecision for users who ordered, pay or receive it, NotPending, or the errors of the accounts."""
        # The locked transfer and accounts are read again for the deed, so what changes here is never written.
        self._decide(thing, by=vote.actor.user_id, outcome=vote.outcome, reason=vote.reason, at=vote.at, decided_at=vote.at)

    def closed(self, thing: LockedTransfer) -> NotPending:
        # It still waits, for the deed of the decision.
        waits = thing.transfer.status is TransferStatus.PENDING_APPROVAL
        return NotPending(transfer_id=thing.transfer.id, status="decided" if waits else thing.transfer.status)

    async def execute(self, tx: Transaction, thing: LockedTransfer, decision: ApprovalDecision, *, at: datetime) -> None:
        is_approved, by, decided_at = decision.outcome is Outcome.APPROVED, decision.votes[-1].by, decision.decided_at
        async with changing(tx, thing, "approve" if is_approved else "reject", at=at, reason=decision.reason or None):
            self._decide(thing, by=by, outcome=decision.outcome, reason=decision.reason, at=at, decided_at=decided_at)

    def _decide(
        self, locked: LockedTransfer, *, by: UUID, outcome: Outcome, reason: str, at: datetime, decided_at: datetime
    ) -> None:
        transfer, accounts = locked.transfer, locked.accounts
        if outcome is Outcome.APPROVED:
            transfer.approve(accounts, by=by, at=at, expires_at=at + self.terms.hold_life, decided_at=decided_at)
        else:
            transfer.reject(accounts, by=by, reason=reason, at=at, decided_at=decided_at)
