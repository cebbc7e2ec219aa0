"""Governance's aggregates in PostgreSQL."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.unit_of_work import SqlTransaction
from governance.domain.policy_bundle import PolicyBundle
from governance.domain.role import Permission, Role
from governance.domain.role_holder import RoleHolder
from governance.infrastructure.approval_rules import SqlApprovalRules
from governance.infrastructure.standings import SqlStandings
from governance.infrastructure.tables import map_aggregates, permissions, policy_bundles, role_holders, roles
from kernel.actor import Actor

map_aggregates()

# Two-part advisory locks, the first part says what for (3 is in standings.py). They are taken in the order 1, 3, 2.
# A row lock cannot hold what does not exist yet.
_LOCK_PUBLISHING = text("SELECT pg_advisory_xact_lock(1, 0)")
_LOCK_SUBJECT = text("SELECT pg_advisory_xact_lock(2, hashtext(:subject_id))")
_PERMISSIONS_OF = text(
    """
    SELECT permission FROM role_permissions
    WHERE role IN (SELECT role FROM role_assignments WHERE subject_id = :subject_id)
    OR role IN (SELECT name FROM roles WHERE is_default)
    """
)


class SqlRoles:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, name: str) -> Role | None:
        return await self._session.get(Role, name)

    async def lock(self, name: str) -> Role | None:
        # NO KEY: assignments that only refer to the role need not wait.
        query = select(Role).where(roles.c.name == name).with_for_update(key_share=True)
        return (await self._session.scalars(query)).one_or_none()

    async def default(self) -> Role:
        return (await self._session.scalars(select(Role).where(roles.c.is_default))).one()

    async def all(self) -> Sequence[Role]:
        return (await self._session.scalars(select(Role).order_by(roles.c.name))).all()

    async def permissions(self) -> Sequence[Permission]:
        return (await self._session.scalars(select(Permission).order_by(permissions.c.name))).all()


class SqlRoleHolders:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, subject_id: UUID) -> RoleHolder | None:
        await self._session.execute(_LOCK_SUBJECT, {"subject_id": str(subject_id)})
        query = select(RoleHolder).where(role_holders.c.subject_id == subject_id)
        return (await self._session.scalars(query)).one_or_none()

    async def permissions_of(self, subject_id: UUID) -> frozenset[str]:
        # Without autoflush, what this transaction changed would be missing.
        await self._session.flush()
        return frozenset((await self._session.scalars(_PERMISSIONS_OF, {"subject_id": subject_id})).all())

    def add(self, holder: RoleHolder) -> None:
        self._session.add(holder)


class SqlBundles:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock_latest(self) -> PolicyBundle | None:
        # Lock first and read in a second statement: the snapshot of one statement would be older than its lock.
        await self._session.execute(_LOCK_PUBLISHING)
        query = select(PolicyBundle).order_by(policy_bundles.c.version.desc()).limit(1)
        return (await self._session.scalars(query)).one_or_none()

    def add(self, bundle: PolicyBundle) -> None:
        self._session.add(bundle)


class SqlGovernanceTransaction(SqlTransaction):
    def __init__(self, session: AsyncSession, actor: Actor) -> None:
        super().__init__(session, actor)
        self.roles = SqlRoles(session)
        self.holders = SqlRoleHolders(session)
        self.standings = SqlStandings(session)
        self.bundles = SqlBundles(session)
        self.approval_rules = SqlApprovalRules(session)
