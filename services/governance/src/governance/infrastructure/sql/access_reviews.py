"""Access reviews and their lines, in PostgreSQL."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Column, DateTime, ForeignKey, Integer, LargeBinary, Table, Text, Uuid, insert, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from governance.application.ports.access_reviews import ListedLine
from governance.application.ports.decisions import MANAGE_ORGANIZATION
from governance.domain.access_review import (
    AccessReview,
    Capacity,
    HeldAssignment,
    LineOutcome,
    ReviewLine,
    ReviewStatus,
)
from governance.domain.limits import Limits
from governance.domain.role import MANAGE_ROLES
from governance.infrastructure.sql.line_managers import IS_HELD, OF_ASSIGNMENT, is_managed_by
from governance.infrastructure.sql.mapping import enumerated, mapper, metadata
from governance.infrastructure.sql.roles import roles

review_keys = Table(
    "review_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
access_reviews = Table(
    "access_reviews",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("title", Text, nullable=False),
    Column("organization_id", Uuid),
    Column("roles", ARRAY(Text, as_tuple=True), nullable=False),
    Column("reason", Text, nullable=False),
    Column("deadline", DateTime(timezone=True), nullable=False),
    Column("started_by", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("administrators", ARRAY(Uuid, as_tuple=True), nullable=False),
    Column("line_count", Integer, nullable=False),
    Column("status", enumerated(ReviewStatus), nullable=False),
    Column("asked_at", DateTime(timezone=True)),
    Column("reminded_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("end_reason", Text),
    Column("statement", Text),
    Column("digest", Text),
    Column("key_id", ForeignKey(review_keys.c.id)),
    Column("signature", Text),
)
review_lines = Table(
    "review_lines",
    metadata,
    Column("review_id", ForeignKey(access_reviews.c.id), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("assignment_id", Uuid, nullable=False),
    Column("subject_id", Uuid, nullable=False),
    Column("role", ForeignKey(roles.c.name), nullable=False),
    Column("organization_id", Uuid),
    Column("team_id", Uuid),
    Column("starts_at", DateTime(timezone=True)),
    Column("ends_at", DateTime(timezone=True)),
    Column("granted_by", Text, nullable=False),
    Column("granted_at", DateTime(timezone=True), nullable=False),
    Column("managers", ARRAY(Uuid, as_tuple=True), nullable=False),
    Column("outcome", enumerated(LineOutcome), nullable=False),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("capacity", enumerated(Capacity)),
    Column("reason", Text),
)
mapper.map_imperatively(AccessReview, access_reviews)
mapper.map_imperatively(ReviewLine, review_lines)

_HELD = text(
    f"""
    SELECT id, subject_id, role, organization_id, starts_at, ends_at, team_id, granted_by, granted_at, {OF_ASSIGNMENT} AS managers
    FROM all_assignments a
    WHERE role = ANY(ARRAY(
        SELECT name FROM roles WHERE NOT is_default AND (cardinality(cast(:roles AS text[])) = 0 OR name = ANY(:roles))
    ))
    AND (cast(:organization AS uuid) IS NULL AND organization_id IS NULL OR organization_id = :organization)
    AND coalesce(ends_at, 'infinity') > :at
    ORDER BY role, subject_id, id LIMIT :most
    """  # noqa: S608
)
_PERMITTED = text(
    """
    SELECT permission FROM effective_role_permissions WHERE role IN (
        SELECT role FROM all_assignments WHERE subject_id = ANY(:subjects) AND coalesce(ends_at, 'infinity') > :at
        AND (cast(:organization AS uuid) IS NULL AND organization_id IS NULL OR organization_id = :organization)
    )
    """
)
_RUNNING = text("SELECT count(*) FROM access_reviews WHERE started_by = :started_by AND status IN ('running', 'closing')")
_ADMINISTRATORS = text(
    """
    SELECT DISTINCT a.subject_id FROM all_assignments a JOIN effective_role_permissions p ON p.role = a.role
    WHERE a.team_id IS NULL AND coalesce(a.ends_at, 'infinity') > :at AND coalesce(a.starts_at, '-infinity') <= :at
    AND (a.organization_id IS NULL AND p.permission = :roles
         OR cast(:organization AS uuid) IS NOT NULL AND p.permission = :organizations
            AND (a.organization_id IS NULL OR a.organization_id = :organization))
    ORDER BY a.subject_id
    """
)
_MANAGED_BY = text(
    f"""
    SELECT l.number FROM review_lines l
    WHERE l.review_id = :review_id AND l.number = ANY(:numbers) AND {is_managed_by("manager")}
    """  # noqa: S608
)
_LINES_OF = text(
    "SELECT assignment_id, role, outcome FROM review_lines WHERE review_id = :review_id AND subject_id = :subject ORDER BY number"
)
_SUBJECTS = text("SELECT DISTINCT subject_id FROM review_lines WHERE review_id = :review_id")
_IS_OPEN_FOR = text(
    "SELECT EXISTS (SELECT FROM review_lines WHERE review_id = :review_id AND subject_id = :subject AND outcome = 'open')"
)
_HELD_LINES = text(
    f"SELECT l.number FROM review_lines l WHERE l.review_id = :review_id AND l.number = ANY(:numbers) AND {IS_HELD}"  # noqa: S608
)
_CANCEL_OPEN = text("UPDATE review_lines SET outcome = 'cancelled' WHERE review_id = :review_id AND outcome = 'open'")
_FORGET_REASONS = text("UPDATE review_lines SET reason = NULL WHERE subject_id = :subject_id AND reason IS NOT NULL")


class SqlAccessReviewRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def held(
        self, organization_id: UUID | None, roles: Collection[str], *, at: datetime, most: int
    ) -> Sequence[HeldAssignment]:
        asked = {"organization": organization_id, "roles": list(roles), "at": at, "most": most}
        return [_held(row) for row in await self._session.execute(_HELD, asked)]

    async def permitted_to(self, subject_ids: Collection[UUID], organization_id: UUID | None, *, at: datetime) -> frozenset[str]:
        asked = {"subjects": list(subject_ids), "organization": organization_id, "at": at}
        return frozenset((await self._session.scalars(_PERMITTED, asked)).all())

    async def running_of(self, started_by: str) -> int:
        return int(await self._session.scalar(_RUNNING, {"started_by": started_by}) or 0)

    async def administrators(self, organization_id: UUID | None, *, at: datetime) -> Sequence[UUID]:
        asked = {"organization": organization_id, "at": at, "roles": MANAGE_ROLES, "organizations": MANAGE_ORGANIZATION}
        return (await self._session.scalars(_ADMINISTRATORS, asked)).all()

    async def managed_by(self, review_id: UUID, manager_id: UUID, numbers: Collection[int]) -> frozenset[int]:
        asked = {"review_id": review_id, "manager": manager_id, "numbers": list(numbers)}
        return frozenset((await self._session.scalars(_MANAGED_BY, asked)).all())

    async def lines_of(self, review_id: UUID, subject_id: UUID) -> Sequence[ListedLine]:
        # Autoflush is off, so flush first: the query must see the changes of this transaction.
        await self._session.flush()
        found = await self._session.execute(_LINES_OF, {"review_id": review_id, "subject": subject_id})
        return [ListedLine(row.assignment_id, row.role, LineOutcome(row.outcome)) for row in found]

    async def subjects(self, review_id: UUID) -> Sequence[UUID]:
        return (await self._session.scalars(_SUBJECTS, {"review_id": review_id})).all()

    async def is_open_for(self, review_id: UUID, subject_id: UUID) -> bool:
        return bool(await self._session.scalar(_IS_OPEN_FOR, {"review_id": review_id, "subject": subject_id}))

    async def held_lines(self, review_id: UUID, numbers: Collection[int], *, at: datetime) -> frozenset[int]:
        asked = {"review_id": review_id, "numbers": list(numbers), "at": at}
        return frozenset((await self._session.scalars(_HELD_LINES, asked)).all())

    async def lock(self, review_id: UUID) -> AccessReview | None:
        return await self._review(review_id, for_share=False)

    async def share(self, review_id: UUID) -> AccessReview | None:
        return await self._review(review_id, for_share=True)

    async def lock_lines(self, review_id: UUID, numbers: Collection[int]) -> Sequence[ReviewLine]:
        of = review_lines.c
        query = select(ReviewLine).where(of.review_id == review_id, of.number.in_(numbers)).order_by(of.number).with_for_update()
        return (await self._session.scalars(query)).all()

    async def lines(self, review_id: UUID) -> Sequence[ReviewLine]:
        query = select(ReviewLine).where(review_lines.c.review_id == review_id).order_by(review_lines.c.number)
        return (await self._session.scalars(query)).all()

    async def cancel_open(self, review_id: UUID) -> None:
        await self._session.execute(_CANCEL_OPEN, {"review_id": review_id})

    async def add(self, review: AccessReview, lines: Sequence[ReviewLine]) -> None:
        self._session.add(review)
        await self._session.flush()
        # Not as objects of the session, which would take seconds for thousands.
        rows = [{column.name: getattr(line, column.name) for column in review_lines.c} for line in lines]
        await self._session.execute(insert(review_lines), rows)

    async def forget_reasons(self, subject_id: UUID) -> None:
        await self._session.execute(_FORGET_REASONS, {"subject_id": subject_id})

    async def keep_key(self, key_id: str, public_key: bytes, *, at: datetime) -> None:
        row = {"id": key_id, "public_key": public_key, "created_at": at}
        await self._session.execute(postgresql.insert(review_keys).values(row).on_conflict_do_nothing())

    async def _review(self, review_id: UUID, *, for_share: bool) -> AccessReview | None:
        query = select(AccessReview).where(access_reviews.c.id == review_id)
        locked = query.with_for_update(read=True) if for_share else query.with_for_update(key_share=True)
        return (await self._session.scalars(locked)).one_or_none()


def _held(row: Any) -> HeldAssignment:
    limits = Limits(row.organization_id, row.starts_at, row.ends_at, row.team_id)
    return HeldAssignment(row.id, row.subject_id, row.role, limits, row.granted_by, row.granted_at, tuple(row.managers))
