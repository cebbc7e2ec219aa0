"""`elcorp.platform.v1.JournalService`: the numbered journal of a service's audit facts, for comparison with the log."""

from typing import Any

from sqlalchemy import Row, text

from chassis.persistence.database import Database
from chassis.rpc import RpcService
from elcorp.compliance.v1.events_pb2 import AuditFactsRecorded
from elcorp.options.v1 import options_pb2
from elcorp.platform.v1 import journal_pb2, journal_pb2_grpc

# An exact number beyond it is not worth its cost.
COUNTED_MAX = 10_000
# A number whose row was removed from the journal is an entry without a fact, not a gap.
_ENTRIES = text(
    """
    SELECT numbers.number, coalesce(journal.fact_id::text, '') AS fact_id, coalesce(journal.digest, '') AS digest, numbers.chain
    FROM audit_journal_numbers AS numbers LEFT JOIN audit_journal AS journal USING (position)
    WHERE numbers.number > :after ORDER BY numbers.number LIMIT :limit
    """
)
_HEAD = text(
    """
    SELECT coalesce((SELECT max(number) FROM audit_journal_numbers), 0) AS last_number,
           coalesce((SELECT chain FROM audit_journal_numbers WHERE number = :after), '') AS chain,
           (SELECT count(*) FROM (SELECT FROM outbox WHERE type = :type LIMIT :counted_max) AS counted) AS unsent,
           (SELECT count(*) FROM (
               SELECT FROM audit_journal AS journal
               WHERE journal.position > :mark AND NOT EXISTS (
                   SELECT FROM audit_journal_numbers AS numbers
                   WHERE numbers.position = journal.position AND numbers.position > :mark
               ) LIMIT :counted_max
           ) AS counted) AS unnumbered
    """
)
# Below this position every fact has its number.
_MARK = text("SELECT low_water FROM audit_journal_numbers ORDER BY number DESC LIMIT 1")
_AUDIT_TYPE = AuditFactsRecorded.DESCRIPTOR.GetOptions().Extensions[options_pb2.event].type


class JournalService(journal_pb2_grpc.JournalServiceServicer):
    """Reads the journal as the runtime role."""

    def __init__(self, database: Database, producer: str) -> None:
        self._database = database
        self._producer = producer

    async def ListEntries(  # noqa: N802  # the contract's name
        self, request: journal_pb2.ListEntriesRequest, _context: Any
    ) -> journal_pb2.ListEntriesResponse:
        after = request.after_number
        async with self._database.read() as connection:
            entries = (await connection.execute(_ENTRIES, {"after": after, "limit": request.limit})).all()
            mark = await connection.scalar(_MARK) or 0
            parameters = {"after": after, "type": _AUDIT_TYPE, "mark": mark, "counted_max": COUNTED_MAX}
            head = (await connection.execute(_HEAD, parameters)).one()
        return journal_pb2.ListEntriesResponse(
            producer=self._producer,
            entries=[_entry(row) for row in entries],
            last_number=head.last_number,
            chain=bytes(head.chain),
            unsent=head.unsent,
            unnumbered=head.unnumbered,
        )


def journal_service(database: Database, producer: str) -> RpcService:
    return RpcService(
        journal_pb2_grpc.add_JournalServiceServicer_to_server,
        JournalService(database, producer),
        journal_pb2.DESCRIPTOR.services_by_name["JournalService"].full_name,
    )


def _entry(row: Row[Any]) -> journal_pb2.JournalEntry:
    return journal_pb2.JournalEntry(number=row.number, fact_id=row.fact_id, digest=bytes(row.digest), chain=bytes(row.chain))
