"""Whom the decision point knows, in PostgreSQL."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import text

from chassis.persistence.sql_reads import SqlReads
from governance.application.evaluations.views import KnownSubject

_KNOWN = text(
    """
    SELECT h.subject_id, coalesce(s.is_able, true) AS is_able,
        ARRAY(SELECT role FROM role_assignments WHERE subject_id = h.subject_id) AS roles
    FROM role_holders h LEFT JOIN subject_standings s ON s.subject_id = h.subject_id WHERE h.subject_id = ANY(:ids)
    """
)


class SqlSubjectViews(SqlReads):
    async def known(self, subject_ids: Collection[UUID]) -> Mapping[UUID, KnownSubject]:
        rows = await self._rows(_KNOWN, ids=list(subject_ids))
        return {row.subject_id: KnownSubject(frozenset(row.roles), row.is_able) for row in rows}
