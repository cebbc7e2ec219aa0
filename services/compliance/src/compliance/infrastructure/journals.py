"""The journals of the producers, over gRPC; compliance reads its own in its database."""

from typing import Final
from uuid import UUID

from grpc import aio

from chassis.audit_journal import JournalService
from compliance.application.ports.completeness import JournalAway
from compliance.domain.completeness import DIGEST_BYTES, JournalEntry, JournalPage
from elcorp.platform.v1 import journal_pb2, journal_pb2_grpc
from kernel.errors import DomainError, InvalidValue

PAGE_ENTRIES: Final = 1_000
CALL_SECONDS: Final = 5.0


class PeerJournal:
    """The journal of a peer."""

    def __init__(self, channel: aio.Channel) -> None:
        self._stub = journal_pb2_grpc.JournalServiceStub(channel)

    async def page(self, *, after: int) -> JournalPage:
        request = journal_pb2.ListEntriesRequest(after_number=after, limit=PAGE_ENTRIES)
        try:
            return page_of(await self._stub.ListEntries(request, timeout=CALL_SECONDS))
        except DomainError as error:
            # Also the previous release, which has no journal.
            raise JournalAway(reason=error.message) from error


class OwnJournal:
    """Compliance's own journal, from the servicer that also answers peers."""

    def __init__(self, servicer: JournalService) -> None:
        self._servicer = servicer

    async def page(self, *, after: int) -> JournalPage:
        request = journal_pb2.ListEntriesRequest(after_number=after, limit=PAGE_ENTRIES)
        return page_of(await self._servicer.ListEntries(request, None))


def page_of(response: journal_pb2.ListEntriesResponse) -> JournalPage:
    """Read a response. Raise InvalidValue if it is none of a journal."""
    return JournalPage(
        entries=[_entry(entry) for entry in response.entries],
        last_number=response.last_number,
        chain=response.chain,
        unsent=response.unsent,
        unnumbered=response.unnumbered,
    )


def _entry(entry: journal_pb2.JournalEntry) -> JournalEntry:
    try:
        fact_id = UUID(entry.fact_id) if entry.fact_id else None
    except ValueError as problem:
        raise InvalidValue(field="fact_id", expected="a UUID", given=entry.fact_id, number=entry.number) from problem
    if len(entry.chain) != DIGEST_BYTES or (fact_id and len(entry.digest) != DIGEST_BYTES):
        raise InvalidValue(field="chain", expected="a digest and a chain of 32 bytes", number=entry.number)
    return JournalEntry(entry.number, fact_id, entry.digest, entry.chain)
