"""What is approved of a bulk transfer, and how a decision on it is carried out."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from kernel.actor import Actor
from kernel.approval_ports import Vote
from kernel.approvals import ApprovalAsked, ApprovalDecision, Outcome
from kernel.canonical_json import canonical
from kernel.errors import NotFound
from kernel.ids import new_id
from kernel.money import Money, amount_text
from payments.application.bulk_transfers import audit
from payments.application.ports.unit_of_work import Transaction
from payments.domain.bulk import Bulk, BulkStatus
from payments.domain.bulk_file import BulkLine
from payments.domain.errors import NotPending

KIND: Final = "payments.bulk"


@dataclass(frozen=True, slots=True)
class BulkContent:
    """A file with the digest of all of its lines, which is too long to be asked for itself."""

    bulk: Bulk
    lines_digest: str

    @classmethod
    async def of(cls, bulk: Bulk, lines: Sequence[BulkLine]) -> "BulkContent":
        # In a thread: a large file would block other requests.
        return cls(bulk, await asyncio.to_thread(_digest_of, lines))

    @property
    def content(self) -> Mapping[str, object]:
        bulk = self.bulk
        return {
            "initiator_id": str(bulk.initiator_id),
            "source_wallet_id": str(bulk.source_id),
            "currency": bulk.currency,
            "amount_total": amount_text(bulk.amount_total, bulk.currency),
            "lines": bulk.lines_total,
            "lines_sha256": self.lines_digest,
            "mode": bulk.mode.value,
            "label": bulk.label,
        }

    def asked(self, *, asked_by: Actor, at: datetime) -> ApprovalAsked:
        """Return what is asked for a file that waits."""
        bulk = self.bulk
        return ApprovalAsked(
            id=new_id(),
            kind=KIND,
            resource_id=bulk.id,
            content=self.content,
            asked_by=f"{asked_by.kind}:{asked_by.subject_id}",
            asked_at=at,
            expires_at=bulk.expires_at or at,
            on_behalf_of=bulk.initiator_id,
            organization_id=bulk.organization_id,
            amount=Money.of(bulk.amount_total, bulk.currency),
            reason=bulk.label,
            facts={"approval_rules": list(bulk.approval_rules)},
        )


def _digest_of(lines: Sequence[BulkLine]) -> str:
    rows = [
        [line.number, str(line.target_id), line.amount.text, line.description, line.reference]
        for line in sorted(lines, key=lambda line: line.number)
    ]
    return hashlib.sha256(canonical(rows)).hexdigest()


@dataclass(frozen=True, slots=True)
class ApprovableBulk:
    """Let a waiting bulk transfer run, or end it, as it was decided."""

    KIND: ClassVar[str] = KIND

    async def prepare(self, *, actor: Actor, resource_id: UUID, outcome: Outcome) -> None:
        """Ask nobody: the payer and the parties of each line are checked when it runs."""

    async def lock(self, tx: Transaction, resource_id: UUID) -> BulkContent:
        """Raise NotFound."""
        found = await tx.bulks.lock(resource_id)
        if found is None:
            raise NotFound(bulk_id=resource_id)
        return await BulkContent.of(found[0], await tx.bulks.lines(resource_id))

    def content(self, thing: BulkContent) -> Mapping[str, object]:
        return thing.content

    def asked(self, thing: BulkContent, *, at: datetime) -> ApprovalAsked:
        return thing.asked(asked_by=Actor.service("payments"), at=at)

    async def rehearse(self, tx: Transaction, thing: BulkContent, vote: Vote) -> None:
        """Raise OwnDecision for its initiator and for users whom it pays, or NotPending."""
        # The locked file is read again for the deed, so what changes here is never written.
        await self._decide(tx, thing.bulk, by=vote.actor.user_id, outcome=vote.outcome, reason=vote.reason, at=vote.at)

    def closed(self, thing: BulkContent) -> NotPending:
        # It still waits, for the deed of the decision.
        waits = thing.bulk.status is BulkStatus.PENDING_APPROVAL
        return NotPending(bulk_id=thing.bulk.id, status="decided" if waits else thing.bulk.status)

    async def execute(self, tx: Transaction, thing: BulkContent, decision: ApprovalDecision, *, at: datetime) -> None:
        bulk, is_approved, by = thing.bulk, decision.outcome is Outcome.APPROVED, decision.votes[-1].by
        with tx.change(audit.BULK, bulk, "approve" if is_approved else "reject", at=at, reason=decision.reason or None):
            await self._decide(
                tx, bulk, by=by, outcome=decision.outcome, reason=decision.reason, at=at, decided_at=decision.decided_at
            )
        await tx.bulks.save(bulk)
        if is_approved:
            await tx.bulks.queue(bulk.id)

    async def _decide(
        self,
        tx: Transaction,
        bulk: Bulk,
        *,
        by: UUID,
        outcome: Outcome,
        reason: str,
        at: datetime,
        decided_at: datetime | None = None,
    ) -> None:
        pays_decider = await tx.bulks.pays(bulk.id, by)
        if outcome is Outcome.APPROVED:
            bulk.approve(by=by, pays_decider=pays_decider, at=at, decided_at=decided_at)
        else:
            bulk.reject(by=by, pays_decider=pays_decider, reason=reason, at=at, decided_at=decided_at)
