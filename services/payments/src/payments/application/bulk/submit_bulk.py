import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import DomainError
from kernel.ids import new_id
from kernel.money import Currency
from payments.application.bulk import facts
from payments.application.ports.bulk import BULKS_OPEN_MAX, Given, Reader, Wallets
from payments.application.ports.unit_of_work import UnitOfWork
from payments.domain.account import Account
from payments.domain.bulk import Bulk, Chunk
from payments.domain.bulk_file import BulkFile, Faults, chunks_of
from payments.domain.errors import TooManyBulks, UnknownFormat
from payments.domain.parties import account, require_payer, require_plannable
from payments.domain.payer_policy import PayerPolicy
from payments.domain.transfer_order import TransferKind

# Lines that are run, and committed, together: their accounts are locked for about a tenth of a second.
CHUNK_LINES: Final = 500


@dataclass(frozen=True, slots=True)
class Accepted:
    bulk: Bulk
    replayed: bool


@dataclass(frozen=True, slots=True)
class SubmitBulk:
    """Accept a file that is right in every line, to be run as a job; repeating a key returns the first bulk."""

    uow: UnitOfWork
    wallets: Wallets
    readers: Mapping[str, Reader]
    policy: PayerPolicy
    clock: Clock

    async def __call__(self, *, actor: Actor, key: str, media_type: str, body: bytes, given: Given) -> Accepted:
        """Raise InvalidValues (what is wrong where), UnknownFormat, NotTheOwner, StepUpRequired, KeyReused, TooManyBulks."""
        if media_type not in self.readers:
            raise UnknownFormat(field="Content-Type", known=sorted(self.readers))
        # A large file takes a moment to read, in which others are to be answered.
        file, request_hash = await asyncio.to_thread(self._read, self.readers[media_type], body, given)
        bulk = Bulk.accept(
            file,
            bulk_id=new_id(),
            initiator_id=actor.user_id,
            key=key,
            request_hash=request_hash,
            format_=media_type,
            at=self.clock.now(),
        )
        _check_wallets(bulk, file, await self.wallets.of([file.source_id, *file.target_ids]))
        self._check_signatures(bulk, file)
        self.policy.require_assurance((line.amount for line in file.lines), actor=actor, at=self.clock.now())
        async with self.uow.begin(actor) as tx:
            if earlier := await tx.bulks.find_by_key(actor.user_id, key):
                return Accepted(earlier.confirm_replay(request_hash), replayed=True)
            if await tx.bulks.count_open(actor.user_id) >= BULKS_OPEN_MAX:
                raise TooManyBulks(most=BULKS_OPEN_MAX)
            chunks = [Chunk(number=n, lines=lines) for n, lines in enumerate(chunks_of(file.lines, CHUNK_LINES), 1)]
            await tx.bulks.add(bulk, chunks, actor)
            tx.record(facts.accepted(bulk))
            for event in bulk.collect():
                tx.announce(event)
        return Accepted(bulk, replayed=False)

    @staticmethod
    def _read(reader: Reader, body: bytes, given: Given) -> tuple[BulkFile, bytes]:
        file = BulkFile.read(reader(body, given))
        return file, hash_of(file)

    def _check_signatures(self, bulk: Bulk, file: BulkFile) -> None:
        # A line carries none, so one that needs it has to be sent by itself.
        if file.currency not in self.policy.signed_above:
            return
        faults = Faults()
        for line in file.lines:
            try:
                self.policy.require_signature(bulk.order(line))
            except DomainError as refusal:
                faults.add(f"lines.{line.number - 1}.amount", refusal.message)
        faults.require_none()


def hash_of(file: BulkFile) -> bytes:
    """Hash what a file asks for, however it was written."""
    lines = [[str(line.target_id), line.amount.text, line.description, line.reference] for line in file.lines]
    asked = [str(file.source_id), file.currency, file.mode, file.label, lines]
    return hashlib.sha256(json.dumps(asked, separators=(",", ":")).encode()).digest()


def _check_wallets(bulk: Bulk, file: BulkFile, found: Mapping[UUID, Account]) -> None:
    """Refuse a file whose payer or payees no transfer could have, with every line that is wrong."""
    source = account(found, file.source_id, "source_wallet_id")
    require_payer(TransferKind.TRANSFER, source, bulk.initiator_id)
    source.require_plannable(Currency.of(file.currency))
    faults = Faults()
    for line in file.lines:
        try:
            require_plannable(bulk.order(line), found)
        except DomainError as refusal:
            faults.add(f"lines.{line.number - 1}.target_wallet_id", refusal.message)
    faults.require_none()
