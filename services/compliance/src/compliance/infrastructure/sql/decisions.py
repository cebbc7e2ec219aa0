"""Decisions of policies in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CursorResult, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.json_rows import to_json_rows
from chassis.persistence.sql_reads import SqlReads
from compliance.application.decisions.views import DecisionFilter, ShadowDenials, place_of, read_place
from compliance.domain.decision import PolicyDecision
from compliance.infrastructure.sql.subject_keys import storable
from kernel.pages import CursorPage, CursorRequest

_ROWS_MAX: Final = 1_000
_NAMES: Final = tuple(field.name for field in fields(PolicyDecision))
_COLUMNS: Final = ", ".join(_NAMES)
_ADD: Final = text(
    f"""
    INSERT INTO policy_decisions ({_COLUMNS})
    SELECT {_COLUMNS} FROM jsonb_to_recordset(cast(:rows AS jsonb)) AS new (
        id uuid, producer text, at timestamptz, allowed boolean, principal_kind text, principal_id text, permission text,
        resource_type text, resource_id text, roles text[], organization_id uuid, interactive boolean, ip text,
        authenticated_at timestamptz, methods text[], attributes text, facts text, is_truncated boolean, policies text[],
        shadow text[], errors integer, bundle_version bigint, request_id text, trace_id text, count bigint
    ) ON CONFLICT DO NOTHING
    """  # noqa: S608  # of constants
)
_REMOVE_OF: Final = text("DELETE FROM policy_decisions WHERE principal_id = :principal_id")
_PURGE: Final = text(
    "DELETE FROM policy_decisions WHERE id IN (SELECT id FROM policy_decisions WHERE at < :before ORDER BY at, id LIMIT :limit)"
)
# Conditions come from this list, never from input.
_CONDITIONS: Final = {
    "principal_id": "principal_id = :principal_id",
    "permissions": "permission = ANY(:permissions)",
    "allowed": "allowed = :allowed",
    "policy": ":policy = ANY(policies)",
    # As the partial index has it.
    "shadow_policy": "shadow <> '{}' AND :shadow_policy = ANY(shadow)",
    "since": "at >= :since",
    "until": "at < :until",
}
_SHADOW_DENIALS: Final = text(
    """
    WITH denied AS MATERIALIZED (
        SELECT permission, principal_kind, principal_id, roles, at, count
        FROM policy_decisions WHERE shadow <> '{}' AND at >= :since AND :policy = ANY(shadow)
    ), named AS (
        SELECT permission, (array_agg(DISTINCT role ORDER BY role))[1:100] AS roles
        FROM denied CROSS JOIN unnest(denied.roles) AS role GROUP BY permission
    ), counted AS (
        SELECT permission, sum(count)::bigint AS decisions, count(DISTINCT (principal_kind, principal_id)) AS people,
            min(at) AS first_at, max(at) AS last_at
        FROM denied GROUP BY GROUPING SETS ((permission), ()) HAVING count(*) > 0
    )
    SELECT counted.permission, decisions, people, first_at, last_at, coalesce(named.roles, '{}') AS roles
    FROM counted LEFT JOIN named USING (permission)
    ORDER BY counted.permission IS NOT NULL, decisions DESC, counted.permission LIMIT :limit
    """
)
_DENIALS_MAX: Final = 501


class SqlDecisionRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, decisions: Sequence[PolicyDecision]) -> int:
        added = 0
        for start in range(0, len(decisions), _ROWS_MAX):
            rows = [_row(decision) for decision in decisions[start : start + _ROWS_MAX]]
            added += await self._changed(_ADD, rows=to_json_rows(rows))
        return added

    async def remove_of(self, user_id: UUID) -> int:
        return await self._changed(_REMOVE_OF, principal_id=str(user_id))

    async def purge(self, before: datetime, *, limit: int) -> int:
        return await self._changed(_PURGE, before=before, limit=limit)

    async def _changed(self, statement: TextClause, **given: object) -> int:
        result: CursorResult[Any] = await self._session.execute(statement, given)  # type: ignore[assignment]
        return result.rowcount


class SqlDecisionViews(SqlReads):
    async def decisions(self, wanted: DecisionFilter, cursor: CursorRequest) -> CursorPage[PolicyDecision]:
        given: dict[str, Any] = {name: value for name in _CONDITIONS if (value := getattr(wanted, name)) is not None}
        conditions = [_CONDITIONS[name] for name in given]
        if cursor.after is not None:
            given["after_at"], given["after_id"] = read_place(cursor.after)
            conditions.append("(at, id) < (:after_at, :after_id)")
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        query = text(f"SELECT {_COLUMNS} FROM policy_decisions {where} ORDER BY at DESC, id DESC LIMIT :limit")  # noqa: S608  # of constants
        sent = {name: _sent(value) for name, value in given.items()}
        return (await self._cursor_page(query, cursor, place_of, **sent)).map(_decision)

    async def shadow_denials(self, policy: str, *, since: datetime) -> Sequence[ShadowDenials]:
        rows = await self._rows(_SHADOW_DENIALS, policy=storable(policy), since=since, limit=_DENIALS_MAX)
        return [
            ShadowDenials(row.permission, row.decisions, row.people, row.first_at, row.last_at, tuple(row.roles)) for row in rows
        ]


def _row(decision: PolicyDecision) -> dict[str, Any]:
    return {name: _sent(getattr(decision, name)) for name in _NAMES}


def _sent(value: object) -> object:
    """Convert texts to their stored form: a caller may ask about one that PostgreSQL's text cannot have."""
    if isinstance(value, list | tuple):
        return [_sent(each) for each in value]
    return storable(value) if isinstance(value, str) else value


def _decision(row: Any) -> PolicyDecision:
    columns = row._mapping.items()  # noqa: SLF001  # the documented name
    found: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in columns}
    return PolicyDecision(**found)
