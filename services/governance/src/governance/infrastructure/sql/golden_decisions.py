"""Golden decisions in PostgreSQL."""

from collections.abc import Sequence

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, ForeignKey, Table, Text, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.sql_reads import SqlReads
from governance.application.golden_decisions.views import GoldenDecisionView
from governance.domain.golden_decision import GoldenDecision
from governance.infrastructure.sql.mapping import mapper, metadata
from governance.infrastructure.sql.permissions import permissions
from kernel.pages import Page, PageRequest

golden_decisions = Table(
    "golden_decisions",
    metadata,
    Column("name", Text, primary_key=True),
    Column("description", Text, nullable=False),
    Column("permission", ForeignKey(permissions.c.name), nullable=False),
    Column("roles", ARRAY(Text, as_tuple=True), nullable=False),
    Column("attributes", JSONB, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("is_allowed", Boolean, nullable=False),
    Column("version", BigInteger, nullable=False),
)
mapper.map_imperatively(GoldenDecision, golden_decisions)

# In the order of GoldenDecisionView.
_COLUMNS = "name, description, permission, roles, attributes, facts, is_allowed, version"
_GOLDEN = text(f"SELECT {_COLUMNS} FROM golden_decisions WHERE name = :name")  # noqa: S608
_GOLDENS = text(
    f"SELECT {_COLUMNS}, count(*) OVER () AS total FROM golden_decisions ORDER BY name LIMIT :limit OFFSET :offset"  # noqa: S608
)


class SqlGoldenDecisionRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, name: str) -> GoldenDecision | None:
        query = select(GoldenDecision).where(golden_decisions.c.name == name).with_for_update()
        return (await self._session.scalars(query)).one_or_none()

    async def all(self) -> Sequence[GoldenDecision]:
        return (await self._session.scalars(select(GoldenDecision).order_by(golden_decisions.c.name))).all()

    def add(self, golden: GoldenDecision) -> None:
        self._session.add(golden)

    async def remove(self, golden: GoldenDecision) -> None:
        await self._session.delete(golden)


class SqlGoldenDecisionViews(SqlReads):
    async def golden_decisions(self, page: PageRequest) -> Page[GoldenDecisionView]:
        return (await self._page(_GOLDENS, page)).map(lambda row: _view(*row[:-1]))

    async def golden_decision(self, name: str) -> GoldenDecisionView | None:
        rows = await self._rows(_GOLDEN, name=name)
        return _view(*rows[0]) if rows else None


def _view(name: str, description: str, permission: str, roles: Sequence[str], *rest: object) -> GoldenDecisionView:
    return GoldenDecisionView(name, description, permission, tuple(roles), *rest)  # type: ignore[arg-type]
