"""Reads of access reviews. They concern memberships of all organizations, so they run in the scope of the platform."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.persistence.sql_reads import SqlReads
from governance.application.access_reviews.views import (
    AccessReviewView,
    AskedPerson,
    LineFilter,
    ReviewKeyView,
    ReviewLineView,
    ReviewProgress,
    Scheduled,
    SignedReportView,
)
from governance.application.ports.decisions import MANAGE_ORGANIZATION
from governance.domain.access_review import Capacity, LineOutcome, ReviewStatus
from governance.infrastructure.sql.line_managers import IS_HELD, IS_MANAGED, MANAGERS, OF_LINE, is_managed_by
from kernel.pages import CursorPage, CursorRequest, Page, PageRequest

_BY_READER = is_managed_by("reader")
# The reader's people are few, and their lines are found by the index of people.
_OPEN_FOR_READER = f"""
    (SELECT count(*) FROM review_lines l
     WHERE l.review_id = v.id AND l.outcome = 'open' AND v.status = 'running' AND {_BY_READER})
"""  # noqa: S608
# Those who have decided see the campaign for as long as they belong there.
_CONCERNS_READER = f"""
    (EXISTS (SELECT FROM review_lines l WHERE l.review_id = v.id AND {_BY_READER})
     OR EXISTS (SELECT FROM review_lines l WHERE l.review_id = v.id AND l.decided_by = cast(:reader AS uuid)::text)
        AND EXISTS (
            SELECT FROM memberships m JOIN organizations o ON o.id = m.organization_id
            WHERE m.subject_id = :reader AND coalesce(m.ends_at, 'infinity') > now()
            AND (o.id = v.organization_id OR v.organization_id IS NULL AND o.kind = 'internal')
        ))
"""  # noqa: S608
_WITHOUT_MANAGER = f"""
    SELECT count(*) FROM review_lines l WHERE l.review_id = :review_id AND l.outcome = 'open' AND NOT {IS_MANAGED}
"""  # noqa: S608
_REVIEW = f"""
    v.id, v.title, v.organization_id, v.roles, v.reason, v.deadline, v.started_by, v.started_at, v.line_count, v.status,
    v.ended_at, v.end_reason, v.digest, (
        SELECT json_object_agg(outcome, lines) FROM (
            SELECT outcome, count(*) AS lines FROM review_lines WHERE review_id = v.id GROUP BY outcome
        ) AS counted
    ) AS counts, {_OPEN_FOR_READER} AS open_for_you, {_CONCERNS_READER} AS concerns_you
"""  # noqa: S608
_ONE = text(
    f"SELECT {_REVIEW}, ({_WITHOUT_MANAGER}) AS without_manager FROM access_reviews v WHERE v.id = :review_id"  # noqa: S608
)
_REVIEWS = text(
    f"""
    SELECT {_REVIEW}, NULL AS without_manager, count(*) OVER () AS total FROM access_reviews v
    WHERE (:sees_all OR v.organization_id = ANY(cast(:administered AS uuid[])) OR {_CONCERNS_READER})
    AND (cast(:status AS text) IS NULL OR v.status = :status)
    AND (cast(:organization AS uuid) IS NULL OR v.organization_id = :organization)
    ORDER BY v.started_at DESC, v.id DESC LIMIT :limit OFFSET :offset
    """  # noqa: S608
)
_LINES = text(
    f"""
    SELECT l.number, l.assignment_id, l.subject_id, l.role, coalesce(nullif(o.title, ''), l.role) AS role_title,
        o.description AS role_description,
        l.organization_id, l.team_id, l.starts_at, l.ends_at, l.granted_by, l.granted_at, a.reason AS grant_reason,
        ARRAY(SELECT DISTINCT r.manager_id FROM ({MANAGERS}) AS r WHERE {OF_LINE} ORDER BY r.manager_id) AS managers,
        l.outcome, l.decided_by, l.decided_at, l.capacity, l.reason
    FROM review_lines l JOIN roles o ON o.name = l.role LEFT JOIN all_assignments a ON a.id = l.assignment_id
    WHERE l.review_id = :review_id AND l.number > :after
    AND (cast(:outcome AS text) IS NULL OR l.outcome = :outcome) AND (cast(:role AS text) IS NULL OR l.role = :role)
    AND (cast(:subject AS uuid) IS NULL OR l.subject_id = :subject)
    AND (cast(:manager AS uuid) IS NULL OR {is_managed_by("manager")})
    AND (NOT :is_unmanaged OR NOT {IS_MANAGED})
    ORDER BY l.number LIMIT :limit
    """  # noqa: S608
)
_SUBJECTS = text("SELECT DISTINCT subject_id FROM review_lines WHERE review_id = :review_id ORDER BY subject_id")
_REPORT = text(
    "SELECT id, statement, digest, key_id, signature FROM access_reviews WHERE id = :review_id AND statement IS NOT NULL"
)
_KEYS = text("SELECT id, public_key, created_at FROM review_keys ORDER BY created_at DESC, id")
_TO_CLOSE = text(
    f"""
    SELECT id, organization_id FROM access_reviews v WHERE status = 'closing' OR status = 'running' AND (
        deadline <= :at OR asked_at IS NOT NULL AND NOT EXISTS (
            SELECT FROM review_lines l WHERE l.review_id = v.id AND (
                l.outcome = 'open' AND {IS_HELD}
                OR l.outcome = 'kept' AND l.capacity = 'administrator' AND cardinality(l.managers) > 0
            )
        )
    ) ORDER BY deadline, id
    """  # noqa: S608
)
_TO_ASK = text(
    "SELECT id, organization_id FROM access_reviews WHERE status = 'running' AND asked_at IS NULL ORDER BY started_at, id"
)
_TO_REMIND = text(
    """
    SELECT id, organization_id FROM access_reviews
    WHERE status = 'running' AND asked_at <= :asked_before AND reminded_at IS NULL AND deadline < :deadline_before
    ORDER BY deadline, id
    """
)
_OPEN_LINES = text(
    """
    SELECT number FROM review_lines WHERE review_id = :review_id AND outcome = 'open'
    ORDER BY granted_at DESC, number DESC LIMIT :limit
    """
)
_MANAGERS_ASKED = text(
    f"""
    SELECT r.manager_id, count(DISTINCT l.number) AS open_lines FROM review_lines l JOIN ({MANAGERS}) AS r ON {OF_LINE}
    WHERE l.review_id = :review_id AND (l.outcome = 'open' OR l.outcome = 'kept' AND l.capacity = 'administrator')
    GROUP BY r.manager_id ORDER BY r.manager_id
    """  # noqa: S608
)
# Those of the start who are so now: nobody else can decide.
_ADMINISTRATORS = """
    SELECT DISTINCT m.subject_id FROM memberships m JOIN limited_assignments a USING (organization_id, subject_id)
    JOIN effective_role_permissions p ON p.role = a.role AND p.permission = :permission
    JOIN organizations o ON o.id = m.organization_id AND o.status = 'active'
    JOIN access_reviews w ON w.id = :review_id AND m.subject_id = ANY(w.administrators)
    LEFT JOIN subject_standings s ON s.subject_id = m.subject_id
    WHERE m.organization_id = :organization_id AND s.is_able IS NOT FALSE AND a.team_id IS NULL
    AND coalesce(m.ends_at, 'infinity') > now() AND coalesce(a.ends_at, 'infinity') > now()
    AND coalesce(a.starts_at, '-infinity') <= now()
"""
_ADMINISTRATORS_ASKED = text(
    f"""
    SELECT d.subject_id, count(*) AS open_lines FROM ({_ADMINISTRATORS}) AS d
    JOIN review_lines l ON l.review_id = :review_id AND l.outcome = 'open' AND l.subject_id <> d.subject_id AND NOT {IS_MANAGED}
    GROUP BY d.subject_id ORDER BY d.subject_id LIMIT 100
    """  # noqa: S608
)
_WITHOUT_ADMINISTRATOR = text(
    f"{_WITHOUT_MANAGER} AND NOT EXISTS (SELECT FROM ({_ADMINISTRATORS}) AS d WHERE d.subject_id <> l.subject_id)"
)


class SqlReviewSchedule(SqlReads):
    async def to_close(self, at: datetime) -> Sequence[Scheduled]:
        return [Scheduled(*row) for row in await self._rows(_TO_CLOSE, at=at)]

    async def to_ask(self) -> Sequence[Scheduled]:
        return [Scheduled(*row) for row in await self._rows(_TO_ASK)]

    async def to_remind(self, *, deadline_before: datetime, asked_before: datetime) -> Sequence[Scheduled]:
        rows = await self._rows(_TO_REMIND, deadline_before=deadline_before, asked_before=asked_before)
        return [Scheduled(*row) for row in rows]

    async def open_lines(self, review_id: UUID, *, limit: int) -> Sequence[int]:
        return [row.number for row in await self._rows(_OPEN_LINES, review_id=review_id, limit=limit)]

    async def managers_asked(self, review_id: UUID) -> Sequence[AskedPerson]:
        return [AskedPerson(*row) for row in await self._rows(_MANAGERS_ASKED, review_id=review_id)]

    async def administrators_asked(self, review_id: UUID, organization_id: UUID) -> Sequence[AskedPerson]:
        rows = await self._rows(
            _ADMINISTRATORS_ASKED, review_id=review_id, organization_id=organization_id, permission=MANAGE_ORGANIZATION
        )
        return [AskedPerson(*row) for row in rows]

    async def without_administrator(self, review_id: UUID, organization_id: UUID | None) -> int:
        rows = await self._rows(
            _WITHOUT_ADMINISTRATOR, review_id=review_id, organization_id=organization_id, permission=MANAGE_ORGANIZATION
        )
        return int(rows[0][0])


class SqlAccessReviewViews(SqlReads):
    async def review(self, review_id: UUID, *, reader_id: UUID) -> AccessReviewView | None:
        rows = await self._rows(_ONE, review_id=review_id, reader=reader_id)
        return _view(rows[0]) if rows else None

    async def reviews(
        self,
        page: PageRequest,
        *,
        reader_id: UUID,
        sees_all: bool,
        administered: Collection[UUID],
        status: ReviewStatus | None,
        organization_id: UUID | None,
    ) -> Page[AccessReviewView]:
        found = await self._page(
            _REVIEWS,
            page,
            reader=reader_id,
            sees_all=sees_all,
            administered=list(administered),
            status=status,
            organization=organization_id,
        )
        return found.map(_view)

    async def review_lines(self, review_id: UUID, cursor: CursorRequest, wanted: LineFilter) -> CursorPage[ReviewLineView]:
        found = await self._cursor_page(
            _LINES,
            cursor,
            lambda row: row.number,
            review_id=review_id,
            after=cursor.number(first=0),
            outcome=wanted.outcome,
            role=wanted.role,
            subject=wanted.subject_id,
            manager=wanted.manager_id,
            is_unmanaged=wanted.is_unmanaged,
        )
        return found.map(_line)

    async def subjects(self, review_id: UUID) -> Sequence[UUID]:
        return [row.subject_id for row in await self._rows(_SUBJECTS, review_id=review_id)]

    async def report(self, review_id: UUID) -> SignedReportView | None:
        rows = await self._rows(_REPORT, review_id=review_id)
        return SignedReportView(*rows[0]) if rows else None

    async def keys(self) -> Sequence[ReviewKeyView]:
        return [ReviewKeyView(row.id, bytes(row.public_key), row.created_at) for row in await self._rows(_KEYS)]


def _view(row: Any) -> AccessReviewView:
    counts = {outcome.value: (row.counts or {}).get(outcome.value, 0) for outcome in LineOutcome}
    return AccessReviewView(
        id=row.id,
        title=row.title,
        organization_id=row.organization_id,
        roles=tuple(row.roles),
        reason=row.reason,
        deadline=row.deadline,
        started_by=row.started_by,
        started_at=row.started_at,
        line_count=row.line_count,
        status=ReviewStatus(row.status),
        ended_at=row.ended_at,
        end_reason=row.end_reason,
        digest=row.digest,
        progress=ReviewProgress(counts, row.without_manager, row.open_for_you, row.concerns_you),
    )


def _line(row: Any) -> ReviewLineView:
    return ReviewLineView(
        number=row.number,
        assignment_id=row.assignment_id,
        subject_id=row.subject_id,
        role=row.role,
        role_title=row.role_title,
        role_description=row.role_description,
        organization_id=row.organization_id,
        team_id=row.team_id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        granted_by=row.granted_by,
        granted_at=row.granted_at,
        grant_reason=row.grant_reason,
        managers=tuple(row.managers),
        outcome=LineOutcome(row.outcome),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        capacity=Capacity(row.capacity) if row.capacity else None,
        reason=row.reason,
    )
