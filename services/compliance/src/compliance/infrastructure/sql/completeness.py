"""What is known of the producers' journals, in PostgreSQL."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from chassis.persistence.database import BY_INDEX, Database
from chassis.persistence.sql_reads import SqlReads
from compliance.application.audit.views import MissingFactFilter, MissingFactView, ProducerView
from compliance.domain.completeness import Flaw, FlawKind, LoggedFact, Position, ProducerJournal
from kernel.pages import CursorPage, CursorRequest

CHUNK_ENTRIES: Final = 10_000
_ID_MAX: Final = 2**63 - 1

_BEGIN = text("INSERT INTO producer_journals (producer, created_at) VALUES (:producer, :at) ON CONFLICT DO NOTHING")
_LOCK = text(
    f"""
    SELECT producer, created_at, number, chain, last_number, unsent, seen_numbers, seen_at, log_size, reached_at, reconciled_at,
        {BY_INDEX}
    FROM producer_journals WHERE producer = :producer FOR UPDATE SKIP LOCKED
    """  # noqa: S608  # of constants
)
_SAVE = text(
    """
    UPDATE producer_journals SET number = :number, chain = :chain, last_number = :last_number, unsent = :unsent,
        seen_numbers = cast(:seen_numbers AS bigint[]), seen_at = cast(:seen_at AS timestamptz[]), log_size = :log_size,
        reached_at = :reached_at, reconciled_at = :reconciled_at
    WHERE producer = :producer
    """
)
_SIZE = text("SELECT size FROM audit_head")
_NEWEST = text("SELECT occurred_at FROM audit_entries ORDER BY sequence DESC LIMIT 1")
_LOGGED = text("SELECT fact_id, sequence, producer, fact_digest FROM audit_entries WHERE fact_id = ANY(:ids)")
_ADD = text(
    """
    INSERT INTO completeness_findings (producer, kind, number, fact_id, digest, unsent, found_at)
    SELECT :producer, kind, number, fact_id, digest, :unsent, :at
    FROM unnest(cast(:kinds AS text[]), cast(:numbers AS bigint[]), cast(:fact_ids AS uuid[]), cast(:digests AS bytea[]))
        AS flaw (kind, number, fact_id, digest)
    ON CONFLICT DO NOTHING
    RETURNING kind, number, fact_id, digest
    """
)
_ARRIVED = text(
    """
    UPDATE completeness_findings AS f SET resolved_at = :at FROM audit_entries AS e
    WHERE e.sequence >= :first AND e.sequence < :until AND f.fact_id = e.fact_id AND f.producer = :producer
        AND f.kind = 'missing' AND f.resolved_at IS NULL
        -- Without open findings, the entries are not read.
        AND EXISTS (SELECT FROM completeness_findings WHERE producer = :producer AND kind = 'missing' AND resolved_at IS NULL)
    RETURNING
        CASE WHEN e.producer = f.producer AND coalesce(e.fact_digest = f.digest, true) THEN 'missing' ELSE 'different' END kind,
        f.number, f.fact_id, f.digest
    """
)
_CAUGHT_UP = text(
    """
    UPDATE completeness_findings SET resolved_at = :at
    WHERE producer = :producer AND kind = 'rewound' AND resolved_at IS NULL AND found_at <= :found_before
    RETURNING kind, number, fact_id, digest
    """
)
_PRODUCERS = text(
    """
    SELECT producer, number, last_number, unsent, created_at, reached_at, reconciled_at, coalesce(open.missing, 0) AS missing,
        coalesce(open.others, 0) AS others
    FROM producer_journals LEFT JOIN (
        SELECT producer, count(*) FILTER (WHERE kind = 'missing') AS missing, count(*) FILTER (WHERE kind <> 'missing') AS others
        FROM completeness_findings WHERE resolved_at IS NULL GROUP BY producer
    ) AS open USING (producer)
    ORDER BY producer
    """
)
_FINDINGS = text(
    """
    SELECT id, producer, kind, number, fact_id, digest, unsent, found_at, resolved_at FROM completeness_findings
    WHERE (cast(:producer AS text) IS NULL OR producer = :producer)
        AND (cast(:is_open AS boolean) IS NULL OR (resolved_at IS NULL) = :is_open)
        AND id < :before
    ORDER BY id DESC LIMIT :limit
    """
)
_DIGESTS = text(
    """
    SELECT array_agg(sequence), array_agg(fact_id), array_agg(producer) FROM (
        SELECT sequence, fact_id, producer, fact_digest FROM audit_entries WHERE sequence >= :first AND sequence < :until
    ) AS chunk WHERE fact_digest IS NOT NULL
    """
)


class SqlCompletenessRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, producer: str, *, at: datetime) -> ProducerJournal | None:
        row = (await self._session.execute(_LOCK, {"producer": producer})).one_or_none()
        if row is None:
            await self._session.execute(_BEGIN, {"producer": producer, "at": at})
            row = (await self._session.execute(_LOCK, {"producer": producer})).one_or_none()
        return _journal(row) if row else None

    async def save(self, journal: ProducerJournal) -> None:
        await self._session.execute(
            _SAVE,
            {
                "producer": journal.producer,
                "number": journal.position.number,
                "chain": journal.position.chain,
                "last_number": journal.last_number,
                "unsent": journal.unsent,
                "seen_numbers": [number for number, _ in journal.seen],
                "seen_at": [at for _, at in journal.seen],
                "log_size": journal.log_size,
                "reached_at": journal.reached_at,
                "reconciled_at": journal.reconciled_at,
            },
        )

    async def log_size(self) -> int:
        return int((await self._session.execute(_SIZE)).scalar_one())

    async def newest_fact_at(self) -> datetime | None:
        found: datetime | None = await self._session.scalar(_NEWEST)
        return found

    async def logged(self, fact_ids: Collection[UUID]) -> Mapping[UUID, LoggedFact]:
        return await _logged(await self._session.connection(), fact_ids)

    async def add(self, journal: ProducerJournal, flaws: Sequence[Flaw], *, at: datetime) -> Sequence[Flaw]:
        given = {
            "producer": journal.producer,
            "unsent": journal.unsent,
            "at": at,
            "kinds": [flaw.kind.value for flaw in flaws],
            "numbers": [flaw.number for flaw in flaws],
            "fact_ids": [flaw.fact_id for flaw in flaws],
            "digests": [flaw.digest for flaw in flaws],
        }
        return await self._flaws(_ADD, **given) if flaws else []

    async def resolve_arrived(self, journal: ProducerJournal, *, until: int, at: datetime) -> Sequence[Flaw]:
        return await self._flaws(_ARRIVED, producer=journal.producer, first=journal.log_size, until=until, at=at)

    async def resolve_rewound(self, producer: str, *, found_before: datetime, at: datetime) -> Sequence[Flaw]:
        return await self._flaws(_CAUGHT_UP, producer=producer, found_before=found_before, at=at)

    async def _flaws(self, query: TextClause, **given: object) -> Sequence[Flaw]:
        rows = await self._session.execute(query, given)
        return [Flaw(FlawKind(row.kind), row.number, row.fact_id, _bytes(row.digest)) for row in rows]


class SqlCompletenessViews(SqlReads):
    async def producers(self) -> Sequence[ProducerView]:
        return [ProducerView(**row._mapping) for row in await self._rows(_PRODUCERS)]  # noqa: SLF001  # the documented name

    async def missing_facts(self, wanted: MissingFactFilter, cursor: CursorRequest) -> CursorPage[MissingFactView]:
        given = {"producer": wanted.producer, "is_open": wanted.is_open, "before": cursor.number()}
        return (await self._cursor_page(_FINDINGS, cursor, attrgetter("id"), **given)).map(_view)


class SqlLoggedFacts:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def size(self) -> int:
        async with self._database.read() as connection:
            return int((await connection.execute(_SIZE)).scalar_one())

    async def logged(self, fact_ids: Collection[UUID]) -> Mapping[UUID, LoggedFact]:
        async with self._database.read() as connection:
            return await _logged(connection, fact_ids)

    async def digests(self, *, until: int) -> AsyncIterator[Sequence[tuple[int, UUID, str]]]:
        for first in range(0, until, CHUNK_ENTRIES):
            async with self._database.read() as connection:
                given = {"first": first, "until": min(first + CHUNK_ENTRIES, until)}
                columns = (await connection.execute(_DIGESTS, given)).one()
            yield list(zip(*columns, strict=True)) if columns[0] else []


async def _logged(connection: AsyncConnection, fact_ids: Collection[UUID]) -> Mapping[UUID, LoggedFact]:
    rows = await connection.execute(_LOGGED, {"ids": list(fact_ids)})
    return {row.fact_id: LoggedFact(row.sequence, row.producer, _bytes(row.fact_digest)) for row in rows}


def _journal(row: Any) -> ProducerJournal:
    return ProducerJournal(
        producer=row.producer,
        created_at=row.created_at,
        position=Position(row.number, bytes(row.chain)),
        last_number=row.last_number,
        unsent=row.unsent,
        seen=list(zip(row.seen_numbers, row.seen_at, strict=True)),
        log_size=row.log_size,
        reached_at=row.reached_at,
        reconciled_at=row.reconciled_at,
    )


def _view(row: Any) -> MissingFactView:
    return MissingFactView(
        id=row.id,
        producer=row.producer,
        kind=FlawKind(row.kind),
        number=row.number,
        fact_id=row.fact_id,
        digest=_bytes(row.digest),
        unsent=row.unsent,
        found_at=row.found_at,
        resolved_at=row.resolved_at,
    )


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)
