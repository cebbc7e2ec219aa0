"""The steps of accepting a bulk transfer, shared by the submission and its dry run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import DomainError
from kernel.ids import new_id
from kernel.money import Currency
from payments.application.bulk_transfers.judge_bulk import JudgeBulk, outflow_to
from payments.application.bulk_transfers.submission import Submission
from payments.application.ports.bulk_transfers import BULKS_OPEN_MAX
from payments.application.ports.signatures import Signatures
from payments.application.ports.unit_of_work import Transaction, UnitOfWork
from payments.domain.account import Account
from payments.domain.approval import Outflow
from payments.domain.bulk import Bulk
from payments.domain.bulk_file import BulkFile, Faults
from payments.domain.errors import TooManyBulks
from payments.domain.parties import account, require_payer, require_plannable
from payments.domain.payer_rules import Needs, PayerRequest, PayerRules
from payments.domain.payment_permission import Source
from payments.domain.transfer_order import TransferKind


@dataclass(frozen=True, slots=True)
class AcceptedBulk:
    bulk: Bulk
    replayed: bool


@dataclass(frozen=True, slots=True)
class Ready:
    """A file that has passed all checks except those in the transaction that accepts it."""

    bulk: Bulk
    outflows: Sequence[Outflow]
    rules: PayerRules


@dataclass(frozen=True, slots=True)
class BulkAcceptance:
    """The steps of accepting a file. None of them writes."""

    uow: UnitOfWork
    judge_bulk: JudgeBulk
    signatures: Signatures
    clock: Clock

    async def earlier(self, actor: Actor, submission: Submission) -> AcceptedBulk | None:
        """Find an earlier bulk with this key, before checking wallets, signature and rules, which may have changed since."""
        async with self.uow.begin(actor) as tx:
            return await self.find(tx, actor, submission)

    async def prepare(self, actor: Actor, submission: Submission) -> Ready:
        """Get everything that is needed from other services."""
        file, signature = submission.file, submission.signature
        bulk = Bulk.accept(
            file,
            bulk_id=new_id(),
            initiator_id=actor.user_id,
            organization_id=actor.organization_id,
            key=submission.key,
            request_hash=submission.request_hash,
            format_=submission.upload.file.media_type,
            submitted=submission.upload.file,
            signature=signature,
            at=self.clock.now(),
        )
        outflows = _outflows(bulk, file, await self.judge_bulk.wallets.of([file.source_id, *file.target_ids]))
        if signature:
            await self.signatures.verify(signature, by=actor.user_id, texts=[submission.signed_text])
        return Ready(bulk, outflows, self.judge_bulk.rules())

    async def judge(self, tx: Transaction, actor: Actor, ready: Ready) -> Needs:
        """Return what a file requires, and make it wait for an approval if one is required. Raise TooManyBulks.

        The payer's requests are serialised, so nothing is sent while the windows of approval rules are evaluated.
        """
        if await tx.bulks.count_open(actor.user_id) >= BULKS_OPEN_MAX:
            raise TooManyBulks(most=BULKS_OPEN_MAX)
        bulk, at = ready.bulk, self.clock.now()
        is_signed = bulk.signature is not None
        request = PayerRequest(initiator_id=actor.user_id, actor=actor, outflows=ready.outflows, is_signed=is_signed)
        needs = await self.judge_bulk(tx, bulk, request, ready.rules, at)
        if needs.approval:
            bulk.await_approval(needs.approval, at=at, expires_at=at + self.judge_bulk.terms.approval_life)
        return needs

    @staticmethod
    async def find(tx: Transaction, actor: Actor, submission: Submission) -> AcceptedBulk | None:
        """Claim the key in the transaction. Return the bulk of an earlier request with it, or raise KeyReused."""
        await tx.keys.claim(actor.user_id, submission.key, beside=["bulks"], turns=[actor.acts_for])
        earlier = await tx.bulks.find_by_key(actor.user_id, submission.key)
        if earlier is None:
            return None
        bulk = earlier.confirm_replay(submission.request_hash, organization_id=actor.organization_id)
        return AcceptedBulk(bulk, replayed=True)


def _outflows(bulk: Bulk, file: BulkFile, found: Mapping[UUID, Account]) -> Sequence[Outflow]:
    """Return what each line takes and who receives it.

    Raise the error of an invalid payer, or InvalidValues with every line that has an invalid payee.
    """
    source = account(found, file.source_id, "source_wallet_id")
    require_payer(TransferKind.TRANSFER, source, bulk.payer_id)
    source.require_plannable(Currency.of(file.currency))
    faults, outflows = Faults(), []
    for line in file.lines:
        try:
            order = require_plannable(bulk.order(line), found)
        except DomainError as refusal:
            faults.add(f"lines.{line.number - 1}.target_wallet_id", refusal.message)
            continue
        outflows.append(outflow_to(found[order.target_id], order, Source.of(source)))
    faults.require_none()
    return outflows
