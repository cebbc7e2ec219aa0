"""Who may do what, in PostgreSQL."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.persistence.sql_reads import SqlReads
from governance.application.access.views import HeldAccess, HolderView
from governance.domain.access import HeldRole
from governance.domain.limits import Limits
from governance.domain.role import Permission, Role, RoleInclusion
from governance.domain.role_hierarchy import RoleHierarchy
from kernel.pages import CursorPage, CursorRequest, not_a_cursor

# Roles are few: all of them travel as one JSON value, so that they and what a person holds are of one snapshot.
_DEFINITIONS = """
    SELECT coalesce(json_agg(json_build_object(
        'name', r.name, 'title', r.title, 'is_default', r.is_default, 'retired_at', r.retired_at,
        'permissions', ARRAY(SELECT permission FROM role_permissions WHERE role = r.name),
        'included', ARRAY(SELECT included FROM role_inclusions WHERE role = r.name)
    )), '[]') FROM roles r
"""
_ALL = text(f"SELECT ({_DEFINITIONS}) AS roles, ARRAY(SELECT name FROM permissions) AS permissions")  # noqa: S608
# Roles for an organization that is not active permit nothing.
_IN_FORCE = """
    (a.organization_id IS NULL OR EXISTS (SELECT FROM organizations o WHERE o.id = a.organization_id AND o.status = 'active'))
"""
_HELD = text(
    f"""
    SELECT ({_DEFINITIONS}) AS roles, ARRAY(SELECT name FROM permissions) AS permissions,
        EXISTS (SELECT FROM role_holders WHERE subject_id = :subject_id) AS is_registered,
        coalesce((SELECT is_able FROM subject_standings WHERE subject_id = :subject_id), true) AS is_able,
        ARRAY(SELECT organization_id FROM memberships WHERE subject_id = :subject_id ORDER BY joined_at) AS organizations,
        a.id, a.role, a.organization_id, a.starts_at, a.ends_at, a.team_id
    FROM (SELECT) AS one LEFT JOIN all_assignments a ON a.subject_id = :subject_id AND {_IN_FORCE}
    ORDER BY a.role, a.id
    """  # noqa: S608
)
_HOLDERS = text(
    f"""
    SELECT a.subject_id, a.id, a.role, a.organization_id, a.starts_at, a.ends_at, a.team_id FROM all_assignments a
    LEFT JOIN subject_standings s ON s.subject_id = a.subject_id
    WHERE a.role = ANY(:roles) AND s.is_able IS NOT FALSE AND {_IN_FORCE}
    AND (a.organization_id IS NULL OR a.organization_id = cast(:organization AS uuid))
    AND coalesce(a.ends_at, 'infinity') > :at AND coalesce(a.starts_at, '-infinity') <= :at
    AND (a.subject_id, a.id) > (:subject_id, :assignment_id)
    ORDER BY a.subject_id, a.id LIMIT :limit
    """  # noqa: S608
)


class SqlAccessViews(SqlReads):
    async def held(self, subject_id: UUID) -> HeldAccess:
        rows = await self._rows(_HELD, subject_id=subject_id)
        first = rows[0]
        hierarchy = _hierarchy(first.roles)
        held = [HeldRole(row.role, _limits(row), row.id) for row in rows if row.role]
        if not first.is_registered:
            default = next(each["name"] for each in first.roles if each["is_default"])
            held.insert(0, HeldRole(default))
        return HeldAccess(held, hierarchy, frozenset(first.permissions), first.is_able, first.organizations)

    async def definitions(self) -> tuple[RoleHierarchy, frozenset[str]]:
        row = (await self._rows(_ALL))[0]
        return _hierarchy(row.roles), frozenset(row.permissions)

    async def holders(
        self, roles: Collection[str], cursor: CursorRequest, *, organization_id: UUID | None, at: datetime
    ) -> CursorPage[HolderView]:
        subject_id, assignment_id = _position(cursor)
        found = await self._cursor_page(
            _HOLDERS,
            cursor,
            lambda row: f"{row.subject_id}~{row.id}",
            roles=list(roles),
            organization=organization_id,
            at=at,
            subject_id=subject_id,
            assignment_id=assignment_id,
        )
        return found.map(lambda row: HolderView(row.subject_id, row.id, row.role, _limits(row)))


def _limits(row: Any) -> Limits:
    return Limits(row.organization_id, row.starts_at, row.ends_at, row.team_id)


def _hierarchy(roles: list[dict[str, Any]]) -> RoleHierarchy:
    return RoleHierarchy(
        Role(
            each["name"],
            each["title"] or each["name"],
            is_default=each["is_default"],
            retired_at=datetime.fromisoformat(each["retired_at"]) if each["retired_at"] else None,
            permissions={Permission(name) for name in each["permissions"]},
            inclusions={name: RoleInclusion(each["name"], name) for name in each["included"]},
        )
        for each in roles
    )


def _position(cursor: CursorRequest) -> tuple[UUID, UUID]:
    if cursor.after is None:
        return UUID(int=0), UUID(int=0)
    try:
        subject_id, assignment_id = map(UUID, cursor.after.split("~"))
    except ValueError:
        raise not_a_cursor(cursor.after) from None
    return subject_id, assignment_id
