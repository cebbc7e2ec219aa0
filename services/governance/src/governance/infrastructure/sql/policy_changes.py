"""Changes of policies in PostgreSQL."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

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
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import attribute_keyed_dict, relationship

from chassis.persistence.sql_reads import SqlReads
from governance.application.policy_changes.views import PolicyChangeView
from governance.domain.policy import PolicyMode
from governance.domain.policy_change import ChangedPolicy, PolicyChange, PolicyChangeStatus, PolicyItem
from governance.infrastructure.sql.mapping import enumerated, mapper, metadata
from governance.infrastructure.sql.policies import policies, policy_versions
from governance.infrastructure.sql.policy_bundles import policy_bundles
from kernel.pages import Page, PageRequest

policy_changes = Table(
    "policy_changes",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("status", enumerated(PolicyChangeStatus), nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("report", JSONB, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("decision_reason", Text),
    Column("bundle_version", ForeignKey(policy_bundles.c.version), type_=BigInteger),
)
policy_change_items = Table(
    "policy_change_items",
    metadata,
    Column("change_id", ForeignKey(policy_changes.c.id), primary_key=True),
    Column("policy", ForeignKey(policies.c.name), primary_key=True),
    Column("version", Integer),
    Column("mode", enumerated(PolicyMode), nullable=False),
    ForeignKeyConstraint(["policy", "version"], [policy_versions.c.policy, policy_versions.c.number]),
)
mapper.map_imperatively(ChangedPolicy, policy_change_items)
mapper.map_imperatively(
    PolicyChange,
    policy_changes,
    properties={
        "changed": relationship(
            ChangedPolicy,
            collection_class=attribute_keyed_dict("policy"),
            primaryjoin=policy_change_items.c.change_id == policy_changes.c.id,
            lazy="selectin",
        )
    },
)

# In the order of PolicyChangeView.
_COLUMNS = """
    id, ARRAY(SELECT ARRAY[policy, version::text, mode] FROM policy_change_items WHERE change_id = c.id ORDER BY policy) AS items,
    reason, status, asked_by, asked_at, report, decided_by, decided_at, decision_reason, bundle_version
"""
_CHANGE = text(f"SELECT {_COLUMNS} FROM policy_changes c WHERE id = :id")  # noqa: S608
_CHANGES = text(
    f"""
    SELECT {_COLUMNS}, count(*) OVER () AS total FROM policy_changes c
    WHERE (cast(:status AS text) IS NULL OR status = :status)
    AND (cast(:policy AS text) IS NULL OR EXISTS (
        SELECT FROM policy_change_items WHERE change_id = c.id AND policy = :policy
    ))
    ORDER BY asked_at DESC, id DESC LIMIT :limit OFFSET :offset
    """  # noqa: S608
)
# The default role has everybody; of the others, a person may have one by several assignments.
_PEOPLE = text(
    """
    SELECT r.name, CASE WHEN r.is_default THEN (SELECT count(*) FROM role_assignments WHERE role = r.name) ELSE (
        SELECT count(*) FROM (
            SELECT subject_id FROM role_assignments WHERE role = r.name
            UNION SELECT subject_id FROM limited_assignments WHERE role = r.name
        ) AS people
    ) END AS people
    FROM roles r WHERE r.retired_at IS NULL ORDER BY r.name
    """
)


class SqlPolicyChangeRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, change_id: UUID) -> PolicyChange | None:
        query = select(PolicyChange).where(policy_changes.c.id == change_id).with_for_update(key_share=True)
        return (await self._session.scalars(query)).one_or_none()

    def add(self, change: PolicyChange) -> None:
        self._session.add(change)


class SqlPolicyChangeViews(SqlReads):
    async def changes(
        self, page: PageRequest, *, status: PolicyChangeStatus | None, policy: str | None
    ) -> Page[PolicyChangeView]:
        return (await self._page(_CHANGES, page, status=status, policy=policy)).map(lambda row: _view(row[:-1]))

    async def change(self, change_id: UUID) -> PolicyChangeView | None:
        rows = await self._rows(_CHANGE, id=change_id)
        return _view(rows[0]) if rows else None

    async def people_by_role(self) -> Mapping[str, int]:
        return {row.name: row.people for row in await self._rows(_PEOPLE)}


def _view(row: Any) -> PolicyChangeView:
    id_, items, reason, status, *rest = row
    read = tuple(PolicyItem(policy, int(version) if version else None, PolicyMode(mode)) for policy, version, mode in items)
    return PolicyChangeView(id_, read, reason, PolicyChangeStatus(status), *rest)
