"""Reads for lists and for peers, by hand-written SQL."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from chassis.persistence.database import Database
from governance.application.queries import (
    ApprovalRuleView,
    AssignmentView,
    BundleView,
    PermissionView,
    PolicyText,
    RoleView,
    StandingView,
    SubjectView,
)
from governance.domain.window import Window
from kernel.pages import Page, PageRequest

_ROLES = text(
    """
    SELECT r.name, r.description, r.is_default, r.version,
           coalesce(array_agg(p.permission ORDER BY p.permission) FILTER (WHERE p.permission IS NOT NULL), '{}')
    FROM roles r LEFT JOIN role_permissions p ON p.role = r.name
    WHERE cast(:name AS text) IS NULL OR r.name = :name GROUP BY r.name ORDER BY r.name
    """
)
_DEFAULT_ROLE = text("SELECT name FROM roles WHERE is_default")
_PERMISSIONS = text("SELECT name, description FROM permissions ORDER BY name")
# One row with NULLs for a subject that is known and holds nothing.
_SUBJECT = text(
    """
    SELECT h.subject_id, a.role, a.granted_by, a.granted_at, a.reason
    FROM role_holders h LEFT JOIN role_assignments a ON a.subject_id = h.subject_id
    WHERE h.subject_id = :subject_id ORDER BY a.role
    """
)
# As `_SUBJECT` and `_DEFAULT_ROLE` say together, of many.
_EFFECTIVE_ROLES = text(
    """
    SELECT asked.id, CASE WHEN h.subject_id IS NULL THEN ARRAY(SELECT name FROM roles WHERE is_default)
        ELSE ARRAY(SELECT a.role FROM role_assignments a WHERE a.subject_id = asked.id ORDER BY a.role) END AS roles
    FROM unnest(cast(:ids AS uuid[])) WITH ORDINALITY AS asked (id, place)
    LEFT JOIN role_holders h ON h.subject_id = asked.id ORDER BY asked.place
    """
)
_STANDINGS_BEYOND_DEFAULT = text(
    """
    SELECT a.subject_id, coalesce(s.is_able, true), s.recorded_at
    FROM (
        SELECT DISTINCT subject_id FROM role_assignments
        WHERE role NOT IN (SELECT name FROM roles WHERE is_default) AND subject_id > :after
        ORDER BY subject_id LIMIT :limit
    ) a LEFT JOIN subject_standings s ON s.subject_id = a.subject_id ORDER BY a.subject_id
    """
)
# The total stands beside each row, so that it is of the same snapshot; a page past the end has none and asks again.
_ASSIGNMENTS = text(
    """
    SELECT subject_id, role, granted_by, granted_at, reason, count(*) OVER () AS total FROM role_assignments
    WHERE (cast(:role AS text) IS NULL OR role = :role) AND (cast(:subject AS uuid) IS NULL OR subject_id = :subject)
    ORDER BY granted_at DESC, subject_id, role LIMIT :limit OFFSET :offset
    """
)
_BUNDLES = text(
    """
    SELECT version, id, digest, published_by, published_at, count(*) OVER () AS total FROM policy_bundles
    ORDER BY version DESC LIMIT :limit OFFSET :offset
    """
)
_CURRENT = text(
    """
    SELECT version, id, digest, published_by, published_at, policies, schema FROM policy_bundles
    ORDER BY version DESC LIMIT 1
    """
)
_APPROVAL_RULES = text(
    """
    SELECT name, currency, threshold, kinds, role, counterparty, window_hours, description, version, is_withdrawn,
           count(*) OVER () AS total
    FROM approval_rules WHERE NOT is_withdrawn ORDER BY name LIMIT :limit OFFSET :offset
    """
)
_APPROVAL_RULE = text(
    """
    SELECT name, currency, threshold, kinds, role, counterparty, window_hours, description, version, is_withdrawn
    FROM approval_rules WHERE name = :name
    """
)
_VERSION = text("SELECT coalesce(max(version), 0) FROM policy_bundles")


class SqlGovernanceQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def roles(self) -> Sequence[RoleView]:
        return [_role(row) for row in await self._rows(_ROLES, name=None)]

    async def role(self, name: str) -> RoleView | None:
        rows = await self._rows(_ROLES, name=name)
        return _role(rows[0]) if rows else None

    async def default_role(self) -> str:
        return str((await self._rows(_DEFAULT_ROLE))[0].name)

    async def permissions(self) -> Sequence[PermissionView]:
        return [PermissionView(*row) for row in await self._rows(_PERMISSIONS)]

    async def subject(self, subject_id: UUID) -> SubjectView | None:
        rows = await self._rows(_SUBJECT, subject_id=subject_id)
        if not rows:
            return None
        assignments = tuple(AssignmentView(*row) for row in rows if row.role)
        return SubjectView(subject_id, tuple(assignment.role for assignment in assignments), assignments)

    async def effective_roles(self, subject_ids: Sequence[UUID]) -> Sequence[tuple[UUID, tuple[str, ...]]]:
        return [(row.id, tuple(row.roles)) for row in await self._rows(_EFFECTIVE_ROLES, ids=list(subject_ids))]

    async def standings_beyond_default(self, *, after: UUID, limit: int) -> Sequence[StandingView]:
        return [StandingView(*row) for row in await self._rows(_STANDINGS_BEYOND_DEFAULT, after=after, limit=limit)]

    async def assignments(self, page: PageRequest, *, role: str | None, subject_id: UUID | None) -> Page[AssignmentView]:
        rows, total = await self._page(_ASSIGNMENTS, page, role=role, subject=subject_id)
        return Page([AssignmentView(*row[:-1]) for row in rows], page.page, page.per_page, total)

    async def bundles(self, page: PageRequest) -> Page[BundleView]:
        rows, total = await self._page(_BUNDLES, page)
        return Page([BundleView(*row[:-1]) for row in rows], page.page, page.per_page, total)

    async def current_bundle(self) -> PolicyText | None:
        rows = await self._rows(_CURRENT)
        return PolicyText(BundleView(*rows[0][:-2]), rows[0].policies, rows[0].schema) if rows else None

    async def approval_rules(self, page: PageRequest) -> Page[ApprovalRuleView]:
        rows, total = await self._page(_APPROVAL_RULES, page)
        return Page([_approval_rule(row[:-1]) for row in rows], page.page, page.per_page, total)

    async def approval_rule(self, name: str) -> ApprovalRuleView | None:
        rows = await self._rows(_APPROVAL_RULE, name=name)
        return _approval_rule(rows[0]) if rows else None

    async def current_version(self) -> int:
        return int((await self._rows(_VERSION))[0][0])

    async def _page(self, query: TextClause, page: PageRequest, **filters: object) -> tuple[Sequence[Any], int]:
        rows = await self._rows(query, **filters, limit=page.per_page, offset=page.offset)
        if not rows and page.offset:
            first = await self._rows(query, **filters, limit=1, offset=0)
            return [], first[0].total if first else 0
        return rows, rows[0].total if rows else 0

    async def _rows(self, query: TextClause, **parameters: object) -> Sequence[Any]:
        async with self._database.read() as connection:
            return (await connection.execute(query, parameters)).all()


def _role(row: Any) -> RoleView:
    name, description, is_default, version, permissions = row
    return RoleView(name, description, is_default, version, tuple(permissions))


def _approval_rule(row: Any) -> ApprovalRuleView:
    name, currency, threshold, kinds, role, counterparty, window_hours, *rest = row
    window = Window(window_hours) if window_hours else None
    return ApprovalRuleView(name, currency, threshold, tuple(kinds), role, counterparty, window, *rest)
