"""Policy bundles in PostgreSQL."""

from sqlalchemy import BigInteger, Column, DateTime, Table, Text, Uuid, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.sql_reads import SqlReads
from governance.application.policies.views import BundleView, PolicyText
from governance.domain.policy_bundle import PolicyBundle
from governance.infrastructure.sql.advisory_lock import LOCK_PUBLISHING
from governance.infrastructure.sql.mapping import mapper, metadata
from kernel.pages import Page, PageRequest

policy_bundles = Table(
    "policy_bundles",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Uuid, nullable=False, unique=True),
    Column("policies", Text, nullable=False),
    Column("schema", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("published_by", Text, nullable=False),
    Column("published_at", DateTime(timezone=True), nullable=False),
)
mapper.map_imperatively(PolicyBundle, policy_bundles)

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
_VERSION = text("SELECT coalesce(max(version), 0) FROM policy_bundles")


class SqlBundleRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock_latest(self) -> PolicyBundle | None:
        # Lock first and read in a second statement: in one statement, the snapshot would be older than the lock.
        await self._session.execute(LOCK_PUBLISHING)
        query = select(PolicyBundle).order_by(policy_bundles.c.version.desc()).limit(1)
        return (await self._session.scalars(query)).one_or_none()

    def add(self, bundle: PolicyBundle) -> None:
        self._session.add(bundle)


class SqlPolicyViews(SqlReads):
    async def bundles(self, page: PageRequest) -> Page[BundleView]:
        return (await self._page(_BUNDLES, page)).map(lambda row: BundleView(*row[:-1]))

    async def current_bundle(self) -> PolicyText | None:
        rows = await self._rows(_CURRENT)
        return PolicyText(BundleView(*rows[0][:-2]), rows[0].policies, rows[0].schema) if rows else None

    async def current_version(self) -> int:
        return int((await self._rows(_VERSION))[0][0])
