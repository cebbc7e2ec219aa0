"""The tables of governance, and which aggregates live in them."""

from functools import cache

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    TypeDecorator,
    Uuid,
)
from sqlalchemy.orm import attribute_keyed_dict, registry, relationship

from governance.domain.approval_rule import ApprovalRule
from governance.domain.policy_bundle import PolicyBundle
from governance.domain.role import Permission, Role
from governance.domain.role_holder import RoleAssignment, RoleHolder
from governance.domain.standing import Standing
from governance.domain.window import Window

metadata = MetaData()


class _WindowHours(TypeDecorator[Window]):
    """A window as its hours."""

    impl = SmallInteger
    cache_ok = True

    def process_bind_param(self, value: Window | None, dialect: Dialect) -> int | None:  # noqa: ARG002  # SQLAlchemy's signature
        return value.hours if value else None

    def process_result_value(self, value: int | None, dialect: Dialect) -> Window | None:  # noqa: ARG002  # SQLAlchemy's signature
        return Window(value) if value else None


permissions = Table(
    "permissions",
    metadata,
    Column("name", Text, primary_key=True),
    Column("description", Text, nullable=False),
)
roles = Table(
    "roles",
    metadata,
    Column("name", Text, primary_key=True),
    Column("description", Text, nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("version", BigInteger, nullable=False),
)
role_permissions = Table(
    "role_permissions",
    metadata,
    Column("role", ForeignKey("roles.name"), primary_key=True),
    Column("permission", ForeignKey("permissions.name"), primary_key=True),
)
role_holders = Table(
    "role_holders",
    metadata,
    Column("subject_id", Uuid, primary_key=True),
    Column("welcomed_at", DateTime(timezone=True)),
)
role_assignments = Table(
    "role_assignments",
    metadata,
    Column("subject_id", ForeignKey("role_holders.subject_id"), primary_key=True),
    Column("role", ForeignKey("roles.name"), primary_key=True),
    Column("granted_by", Text, nullable=False),
    Column("granted_at", DateTime(timezone=True), nullable=False),
    Column("reason", Text),
)
subject_standings = Table(
    "subject_standings",
    metadata,
    Column("subject_id", Uuid, primary_key=True),
    Column("is_able", Boolean, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
)
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
approval_rules = Table(
    "approval_rules",
    metadata,
    Column("name", Text, primary_key=True),
    Column("currency", Text, nullable=False),
    Column("threshold", Numeric(20, 8), nullable=False),
    Column("kinds", ARRAY(Text, as_tuple=True), nullable=False),
    Column("role", ForeignKey("roles.name")),
    Column("counterparty", Uuid),
    Column("window_hours", _WindowHours, key="window"),
    Column("description", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("is_withdrawn", Boolean, nullable=False),
)


@cache
def map_aggregates() -> None:
    """Map once a process; collections load with their owner, for nothing may load lazily in async code."""
    mapper = registry(metadata=metadata)
    mapper.map_imperatively(Permission, permissions)
    mapper.map_imperatively(
        Role,
        roles,
        properties={
            "permissions": relationship(Permission, secondary=role_permissions, collection_class=set, lazy="selectin"),
        },
    )
    mapper.map_imperatively(RoleAssignment, role_assignments)
    mapper.map_imperatively(
        RoleHolder,
        role_holders,
        properties={
            "assignments": relationship(
                RoleAssignment,
                collection_class=attribute_keyed_dict("role"),
                cascade="all, delete-orphan",
                lazy="selectin",
            ),
        },
    )
    mapper.map_imperatively(Standing, subject_standings)
    mapper.map_imperatively(PolicyBundle, policy_bundles)
    mapper.map_imperatively(ApprovalRule, approval_rules)
