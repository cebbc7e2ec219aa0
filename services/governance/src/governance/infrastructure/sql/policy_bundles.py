"""Policy bundles in PostgreSQL."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    Table,
    Text,
    Uuid,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import attribute_keyed_dict, relationship

from chassis.persistence.sql_reads import SqlReads
from governance.application.policy_bundles.views import BundledPolicyView, BundleText, BundleView
from governance.domain.policy import PolicyMode
from governance.domain.policy_bundle import BundledPolicy, PolicyBundle
from governance.infrastructure.sql.advisory_lock import LOCK_PUBLISHING
from governance.infrastructure.sql.mapping import enumerated, mapper, metadata
from governance.infrastructure.sql.policies import policy_versions
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
    Column("shadow", Text, nullable=False),
)
bundled_policies = Table(
    "bundled_policies",
    metadata,
    Column("bundle_version", ForeignKey(policy_bundles.c.version), primary_key=True),
    Column("policy", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("mode", enumerated(PolicyMode), nullable=False),
    ForeignKeyConstraint(["policy", "version"], [policy_versions.c.policy, policy_versions.c.number]),
)
mapper.map_imperatively(BundledPolicy, bundled_policies)
mapper.map_imperatively(
    PolicyBundle,
    policy_bundles,
    properties={
        "bundled": relationship(
            BundledPolicy,
            collection_class=attribute_keyed_dict("policy"),
            primaryjoin=bundled_policies.c.bundle_version == policy_bundles.c.version,
            lazy="selectin",
        )
    },
)

_BUNDLES = text(
    """
    SELECT version, id, digest, published_by, published_at, count(*) OVER () AS total FROM policy_bundles
    ORDER BY version DESC LIMIT :limit OFFSET :offset
    """
)
_BUNDLE = text(
    """
    SELECT version, id, digest, published_by, published_at, policies, schema, shadow, ARRAY(
        SELECT ARRAY[policy, version::text, mode] FROM bundled_policies WHERE bundle_version = b.version ORDER BY policy
    ) AS bundled
    FROM policy_bundles b WHERE cast(:version AS bigint) IS NULL OR version = :version
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

    async def find(self, version: int) -> PolicyBundle | None:
        return await self._session.get(PolicyBundle, version)

    def add(self, bundle: PolicyBundle) -> None:
        self._session.add(bundle)


class SqlPolicyBundleViews(SqlReads):
    async def bundles(self, page: PageRequest) -> Page[BundleView]:
        return (await self._page(_BUNDLES, page)).map(lambda row: BundleView(*row[:-1]))

    async def current_bundle(self) -> BundleText | None:
        return await self._bundle(None)

    async def bundle(self, version: int) -> BundleText | None:
        return await self._bundle(version)

    async def _bundle(self, version: int | None) -> BundleText | None:
        rows = await self._rows(_BUNDLE, version=version)
        if not rows:
            return None
        *shown, policies, schema, shadow, bundled = rows[0]
        in_force = tuple(BundledPolicyView(policy, int(number), PolicyMode(mode)) for policy, number, mode in bundled)
        return BundleText(BundleView(*shown), policies, schema, shadow, in_force)

    async def current_version(self) -> int:
        return int((await self._rows(_VERSION))[0][0])
