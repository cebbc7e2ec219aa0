"""Approval rules in PostgreSQL."""

from collections.abc import Sequence

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Numeric,
    SmallInteger,
    Table,
    Text,
    TypeDecorator,
    Uuid,
    bindparam,
    func,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.sql_reads import SqlReads
from governance.application.approval_rules.views import ApprovalRuleView
from governance.domain.approval_rule import ApprovalRule
from governance.domain.window import Window
from governance.infrastructure.sql.mapping import mapper, metadata
from governance.infrastructure.sql.roles import roles
from kernel.pages import Page, PageRequest


class _WindowHours(TypeDecorator[Window]):
    """Store a window as its number of hours."""

    impl = SmallInteger
    cache_ok = True

    def process_bind_param(self, value: Window | None, dialect: Dialect) -> int | None:  # noqa: ARG002  # SQLAlchemy's signature
        return value.hours if value else None

    def process_result_value(self, value: int | None, dialect: Dialect) -> Window | None:  # noqa: ARG002  # SQLAlchemy's signature
        return Window(value) if value else None


approval_rules = Table(
    "approval_rules",
    metadata,
    Column("name", Text, primary_key=True),
    Column("currency", Text, nullable=False),
    Column("threshold", Numeric(20, 8), nullable=False),
    Column("kinds", ARRAY(Text, as_tuple=True), nullable=False),
    Column("role", ForeignKey(roles.c.name)),
    Column("counterparty", Uuid),
    Column("window_hours", _WindowHours, key="window"),
    Column("description", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("is_withdrawn", Boolean, nullable=False),
)
mapper.map_imperatively(ApprovalRule, approval_rules)

# The columns are in the order of ApprovalRuleView.
_APPROVAL_RULES = (
    select(approval_rules, func.count().over().label("total"))
    .where(~approval_rules.c.is_withdrawn)
    .order_by(approval_rules.c.name)
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
_APPROVAL_RULE = select(approval_rules).where(approval_rules.c.name == bindparam("rule_name"))


class SqlApprovalRuleRepository:
    """Rows are not locked: a transaction that changes a rule also publishes, and only one transaction publishes at a time."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, name: str) -> ApprovalRule | None:
        return await self._session.get(ApprovalRule, name)

    async def all(self) -> Sequence[ApprovalRule]:
        # Autoflush is off, so flush first: the query must see the changes of this transaction.
        await self._session.flush()
        return (await self._session.scalars(select(ApprovalRule).order_by(approval_rules.c.name))).all()

    def add(self, rule: ApprovalRule) -> None:
        self._session.add(rule)


class SqlApprovalRuleViews(SqlReads):
    async def approval_rules(self, page: PageRequest) -> Page[ApprovalRuleView]:
        return (await self._page(_APPROVAL_RULES, page)).map(lambda row: ApprovalRuleView(*row[:-1]))

    async def approval_rule(self, name: str) -> ApprovalRuleView | None:
        rows = await self._rows(_APPROVAL_RULE, rule_name=name)
        return ApprovalRuleView(*rows[0]) if rows else None
