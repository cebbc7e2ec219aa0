"""Policies and their versions in PostgreSQL."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Integer, Table, Text, and_, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.sql_reads import SqlReads
from governance.application.policies.views import PolicyVersionView, PolicyView
from governance.domain.policy import Policy, PolicyMode, PolicyVersion
from governance.infrastructure.sql.mapping import enumerated, mapper, metadata
from kernel.pages import Page, PageRequest

policies = Table(
    "policies",
    metadata,
    Column("name", Text, primary_key=True),
    Column("description", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("mode", enumerated(PolicyMode), nullable=False),
    Column("version_in_force", Integer),
    Column("latest_version", Integer, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("mode_since", DateTime(timezone=True)),
)
policy_versions = Table(
    "policy_versions",
    metadata,
    Column("policy", ForeignKey(policies.c.name), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("cedar", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("template", Text),
    Column("parameters", JSONB(none_as_null=True)),
    Column("step_up_seconds", Integer),
    Column("digest", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
mapper.map_imperatively(Policy, policies)
mapper.map_imperatively(PolicyVersion, policy_versions)

# In the order of PolicyView.
_SHOWN = """
    p.name, p.description, p.owner, p.mode, p.version_in_force, p.latest_version, p.revision, p.created_by, p.created_at,
    p.mode_since, v.sentence
"""
_FROM = "policies p JOIN policy_versions v ON v.policy = p.name AND v.number = coalesce(p.version_in_force, p.latest_version)"
_POLICY = text(f"SELECT {_SHOWN} FROM {_FROM} WHERE p.name = :name")  # noqa: S608
_POLICIES = text(
    f"""
    SELECT {_SHOWN}, count(*) OVER () AS total FROM {_FROM}
    WHERE (cast(:mode AS text) IS NULL OR p.mode = :mode)
    AND (cast(:action AS text) IS NULL OR position(:action IN v.cedar) > 0)
    ORDER BY p.name LIMIT :limit OFFSET :offset
    """  # noqa: S608
)
# In the order of PolicyVersionView.
_COLUMNS = "policy, number, sentence, cedar, template, parameters, digest, created_by, created_at"
_VERSION = text(f"SELECT {_COLUMNS} FROM policy_versions WHERE policy = :policy AND number = :number")  # noqa: S608
_VERSIONS = text(
    f"""
    SELECT {_COLUMNS}, count(*) OVER () AS total FROM policy_versions WHERE policy = :policy
    ORDER BY number DESC LIMIT :limit OFFSET :offset
    """  # noqa: S608
)


class SqlPolicyRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, name: str) -> Policy | None:
        return await self._session.get(Policy, name)

    async def lock(self, name: str) -> Policy | None:
        query = select(Policy).where(policies.c.name == name).with_for_update(key_share=True)
        return (await self._session.scalars(query)).one_or_none()

    async def version(self, policy: str, number: int) -> PolicyVersion | None:
        return await self._session.get(PolicyVersion, (policy, number))

    async def in_force(self) -> Sequence[tuple[Policy, PolicyVersion]]:
        # Autoflush is off, so flush first: the query must see the changes of this transaction.
        await self._session.flush()
        of, its = policies.c, policy_versions.c
        query = (
            select(Policy, PolicyVersion)
            .join(PolicyVersion, and_(its.policy == of.name, its.number == of.version_in_force))
            .where(of.mode != PolicyMode.OFF)
            .order_by(of.name)
        )
        return [(policy, version) for policy, version in (await self._session.execute(query)).all()]

    def add(self, policy: Policy) -> None:
        self._session.add(policy)

    def add_version(self, version: PolicyVersion) -> None:
        self._session.add(version)


class SqlPolicyViews(SqlReads):
    async def policies(self, page: PageRequest, *, mode: PolicyMode | None, permission: str | None) -> Page[PolicyView]:
        action = f'Action::"{permission}"' if permission else None
        return (await self._page(_POLICIES, page, mode=mode, action=action)).map(lambda row: _shown(*row[:-1]))

    async def policy(self, name: str) -> PolicyView | None:
        rows = await self._rows(_POLICY, name=name)
        return _shown(*rows[0]) if rows else None

    async def versions(self, policy: str, page: PageRequest) -> Page[PolicyVersionView]:
        return (await self._page(_VERSIONS, page, policy=policy)).map(lambda row: PolicyVersionView(*row[:-1]))

    async def version(self, policy: str, number: int) -> PolicyVersionView | None:
        rows = await self._rows(_VERSION, policy=policy, number=number)
        return PolicyVersionView(*rows[0]) if rows else None


def _shown(name: str, description: str, owner: str, mode: str, *rest: object) -> PolicyView:
    return PolicyView(name, description, owner, PolicyMode(mode), *rest)  # type: ignore[arg-type]
