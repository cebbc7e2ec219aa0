import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import DomainError
from kernel.ids import new_id
from kernel.money import Currency
from payments.application.bulk import facts
from payments.application.ports.bulk import BULKS_OPEN_MAX, Given, Reader, Wallets
from payments.application.ports.ledger import SentQuestion, Terms
from payments.application.ports.pricing import ApprovalPolicies
from payments.application.ports.signatures import Signatures
from payments.application.ports.unit_of_work import Transaction, UnitOfWork
from payments.domain.account import Account
from payments.domain.approval import Outflow
from payments.domain.bulk import Bulk, Chunk
from payments.domain.bulk_file import BulkFile, Faults, chunks_of
from payments.domain.errors import TooManyBulks, UnknownFormat
from payments.domain.parties import account, require_payer, require_plannable
from payments.domain.payer_policy import PayerPolicy
from payments.domain.payer_rules import Needs, PayerRequest, PayerRules
from payments.domain.transfer_order import Signature, TransferKind, require_callers_key, signed_digest

# Lines that are run, and committed, together: their accounts are locked for about a tenth of a second.
CHUNK_LINES: Final = 500


@dataclass(frozen=True, slots=True)
class Accepted:
    bulk: Bulk
    replayed: bool


@dataclass(frozen=True, slots=True)
class SubmitBulk:
    """Accept a file that is right in every line; repeating a key returns the first bulk.

    The file is judged as a whole: it runs as a job, or waits for somebody to approve it.
    """

    uow: UnitOfWork
    wallets: Wallets
    signatures: Signatures
    readers: Mapping[str, Reader]
    approvals: ApprovalPolicies
    policy: PayerPolicy
    terms: Terms
    clock: Clock

    async def __call__(
        self, *, actor: Actor, key: str, media_type: str, body: bytes, given: Given, signature: Signature | None = None
    ) -> Accepted:
        """Raise InvalidValues (what is wrong where), UnknownFormat, NotTheOwner, KeyReused, TooManyBulks.

        Raises StepUpRequired, SignatureRequired or InvalidSignature for what the payer has to show with the file.
        """
        require_callers_key(key)
        if media_type not in self.readers:
            raise UnknownFormat(field="Content-Type", known=sorted(self.readers))
        # A large file takes a moment to read, in which others are to be answered.
        file, request_hash = await asyncio.to_thread(self._read, self.readers[media_type], body, given)
        if earlier := await self._earlier(actor, key, request_hash):
            return earlier
        bulk = Bulk.accept(
            file,
            bulk_id=new_id(),
            initiator_id=actor.user_id,
            key=key,
            request_hash=request_hash,
            format_=media_type,
            signature=signature,
            at=self.clock.now(),
        )
        outflows = _outflows(bulk, file, await self.wallets.of([file.source_id, *file.target_ids]))
        if signature:
            await self.signatures.verify(signature, by=actor.user_id, texts=[_signed_text(file, key, body)])
        rules = PayerRules(self.policy, self.approvals.approvals())
        async with self.uow.begin(actor) as tx:
            if earlier := await self._find(tx, actor, key, request_hash):
                return earlier
            if await tx.bulks.count_open(actor.user_id) >= BULKS_OPEN_MAX:
                raise TooManyBulks(most=BULKS_OPEN_MAX)
            at = self.clock.now()
            needs = await self._judge(tx, rules, actor, outflows, at, is_signed=signature is not None)
            needs.require_proof()
            if needs.approval:
                bulk.await_approval(needs.approval, at=at, expires_at=at + self.terms.approval_life)
            chunks = [Chunk(number=n, lines=lines) for n, lines in enumerate(chunks_of(file.lines, CHUNK_LINES), 1)]
            await tx.bulks.add(bulk, chunks, actor)
            tx.record(facts.accepted(bulk))
            for event in bulk.collect():
                tx.announce(event)
        return Accepted(bulk, replayed=False)

    async def _earlier(self, actor: Actor, key: str, request_hash: bytes) -> Accepted | None:
        """Look the key up before wallets, signature and rules are asked: they may have changed since."""
        async with self.uow.begin(actor) as tx:
            return await self._find(tx, actor, key, request_hash)

    @staticmethod
    async def _find(tx: Transaction, actor: Actor, key: str, request_hash: bytes) -> Accepted | None:
        await tx.keys.claim(actor.user_id, key, beside=["bulks"])
        earlier = await tx.bulks.find_by_key(actor.user_id, key)
        return Accepted(earlier.confirm_replay(request_hash), replayed=True) if earlier else None

    @staticmethod
    async def _judge(
        tx: Transaction, rules: PayerRules, actor: Actor, outflows: Sequence[Outflow], at: datetime, *, is_signed: bool
    ) -> Needs:
        # `claim` has locked what the payer has spent: nothing is sent while the windows are looked at.
        currency = outflows[0].amount.currency.code
        windowed = [rule for rule in rules.approvals.windowed(currency) if rule.window is not None]
        questions = [SentQuestion(actor.user_id, rule, at - (rule.window or timedelta())) for rule in windowed]
        sent = await tx.spending.sent(questions)
        request = PayerRequest(initiator_id=actor.user_id, actor=actor, outflows=outflows, is_signed=is_signed)
        return rules.judge(request, sent=lambda rule: sent.get((actor.user_id, rule.name), Decimal(0)), at=at)

    @staticmethod
    def _read(reader: Reader, body: bytes, given: Given) -> tuple[BulkFile, bytes]:
        file = BulkFile.read(reader(body, given))
        return file, hash_of(file)


def hash_of(file: BulkFile) -> bytes:
    """Hash what a file asks for, however it was written."""
    lines = [[str(line.target_id), line.amount.text, line.description, line.reference] for line in file.lines]
    asked = [str(file.source_id), file.currency, file.mode, file.label, lines]
    return hashlib.sha256(json.dumps(asked, separators=(",", ":")).encode()).digest()


def _signed_text(file: BulkFile, key: str, body: bytes) -> bytes:
    """What a payer signs of a file: its key, the digest of its bytes, and what a file may leave to the request to say."""
    return signed_digest(
        "elcorp-bulk-v1", key, body, source_wallet_id=str(file.source_id), currency=file.currency, mode=file.mode.value
    )


def _outflows(bulk: Bulk, file: BulkFile, found: Mapping[UUID, Account]) -> Sequence[Outflow]:
    """Return what each line takes and who gets it.

    Raises what no payer could have, and InvalidValues with every line whose payee is none.
    """
    source = account(found, file.source_id, "source_wallet_id")
    require_payer(TransferKind.TRANSFER, source, bulk.initiator_id)
    source.require_plannable(Currency.of(file.currency))
    faults, outflows = Faults(), []
    for line in file.lines:
        try:
            order = require_plannable(bulk.order(line), found)
        except DomainError as refusal:
            faults.add(f"lines.{line.number - 1}.target_wallet_id", refusal.message)
            continue
        owner_id = found[order.target_id].owner_id
        outflows.append(Outflow(kind=order.kind, amount=order.amount, target_id=order.target_id, owner_id=owner_id))
    faults.require_none()
    return outflows
