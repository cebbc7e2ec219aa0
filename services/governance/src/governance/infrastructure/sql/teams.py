"""Teams in PostgreSQL. Each organization's: row-level security shows only the rows of the transaction's scope."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Table, Text, Uuid, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import attribute_keyed_dict, relationship

from chassis.persistence.sql_reads import SqlReads
from governance.application.teams.views import TeamMemberView, TeamView
from governance.domain.organization import LEVELS_MAX
from governance.domain.team import Team, TeamMember
from governance.infrastructure.sql.mapping import mapper, metadata
from kernel.pages import Page, PageRequest

teams = Table(
    "teams",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("organization_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("parent_id", Uuid),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("removed_at", DateTime(timezone=True)),
    Column("version", BigInteger, nullable=False),
)
team_members = Table(
    "team_members",
    metadata,
    Column("team_id", ForeignKey(teams.c.id), primary_key=True),
    Column("organization_id", Uuid, nullable=False),
    Column("subject_id", Uuid, primary_key=True),
    Column("joined_at", DateTime(timezone=True), nullable=False),
)
mapper.map_imperatively(TeamMember, team_members)
mapper.map_imperatively(
    Team,
    teams,
    properties={
        # Load them with their team: async code cannot load lazily.
        "members": relationship(
            TeamMember,
            collection_class=attribute_keyed_dict("subject_id"),
            cascade="all, delete-orphan",
            lazy="selectin",
        ),
    },
)

# In the order of TeamView.
_TEAM = """
    t.id, t.organization_id, t.name, t.parent_id, t.created_at, t.version,
    (SELECT count(*) FROM team_members tm WHERE tm.team_id = t.id) AS members
"""
_ONE = text(f"SELECT {_TEAM} FROM teams t WHERE t.id = :id AND t.removed_at IS NULL")  # noqa: S608
_OF_ORGANIZATION = text(
    f"""
    SELECT {_TEAM}, count(*) OVER () AS total FROM teams t WHERE t.organization_id = :organization_id AND t.removed_at IS NULL
    ORDER BY lower(t.name), t.id LIMIT :limit OFFSET :offset
    """  # noqa: S608
)
_OF_PERSON = text(
    f"""
    SELECT {_TEAM}, count(*) OVER () AS total FROM teams t JOIN team_members own ON own.team_id = t.id
    WHERE own.subject_id = :subject_id AND t.removed_at IS NULL ORDER BY lower(t.name), t.id LIMIT :limit OFFSET :offset
    """  # noqa: S608
)
_MEMBERS = text(
    """
    SELECT subject_id, joined_at, count(*) OVER () AS total FROM team_members WHERE team_id = :id
    ORDER BY joined_at, subject_id LIMIT :limit OFFSET :offset
    """
)
_CHAIN = text(
    """
    WITH RECURSIVE above (id, parent_id, level) AS (
        SELECT id, parent_id, 1 FROM teams WHERE id = :id
        UNION ALL SELECT t.id, t.parent_id, level + 1 FROM teams t JOIN above ON t.id = above.parent_id WHERE level < :most
    ) SELECT id FROM above ORDER BY level
    """
)
_IS_OF = text("SELECT EXISTS (SELECT FROM teams WHERE id = :id AND organization_id = :organization_id AND removed_at IS NULL)")
_HAS_PARTS = text("SELECT EXISTS (SELECT FROM teams WHERE parent_id = :id AND removed_at IS NULL)")
_HAS_NAME = text(
    """
    SELECT EXISTS (
        SELECT FROM teams WHERE organization_id = :organization_id AND lower(name) = lower(:name) AND removed_at IS NULL
        AND id IS DISTINCT FROM cast(:but AS uuid)
    )
    """
)


class SqlTeamRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, team_id: UUID) -> Team | None:
        query = select(Team).where(teams.c.id == team_id, teams.c.removed_at.is_(None)).with_for_update(key_share=True)
        return (await self._session.scalars(query)).one_or_none()

    async def lock_of(self, organization_id: UUID, subject_id: UUID) -> Sequence[Team]:
        own = select(team_members.c.team_id).where(
            team_members.c.organization_id == organization_id, team_members.c.subject_id == subject_id
        )
        query = select(Team).where(teams.c.id.in_(own)).order_by(teams.c.id).with_for_update(key_share=True)
        return (await self._session.scalars(query)).all()

    async def ancestors(self, team_id: UUID, *, most: int) -> Sequence[UUID]:
        return (await self._session.scalars(_CHAIN, {"id": team_id, "most": most})).all()

    async def is_of(self, team_id: UUID, organization_id: UUID) -> bool:
        return bool(await self._session.scalar(_IS_OF, {"id": team_id, "organization_id": organization_id}))

    async def has_parts(self, team_id: UUID) -> bool:
        return bool(await self._session.scalar(_HAS_PARTS, {"id": team_id}))

    async def count(self, organization_id: UUID) -> int:
        query = select(func.count()).where(teams.c.organization_id == organization_id, teams.c.removed_at.is_(None))
        return int(await self._session.scalar(query) or 0)

    async def has_name(self, organization_id: UUID, name: str, *, but: UUID | None = None) -> bool:
        asked = {"organization_id": organization_id, "name": name, "but": but}
        return bool(await self._session.scalar(_HAS_NAME, asked))

    def add(self, team: Team) -> None:
        self._session.add(team)


class SqlTeamViews(SqlReads):
    async def teams(self, organization_id: UUID, page: PageRequest) -> Page[TeamView]:
        found = await self._page(_OF_ORGANIZATION, page, organization_id=organization_id)
        return found.map(lambda row: TeamView(*row[:-1]))

    async def teams_of(self, subject_id: UUID, page: PageRequest) -> Page[TeamView]:
        return (await self._page(_OF_PERSON, page, subject_id=subject_id)).map(lambda row: TeamView(*row[:-1]))

    async def team(self, team_id: UUID) -> TeamView | None:
        rows = await self._rows(_ONE, id=team_id)
        return TeamView(*rows[0]) if rows else None

    async def chain(self, team_id: UUID) -> Sequence[UUID]:
        return [row.id for row in await self._rows(_CHAIN, id=team_id, most=LEVELS_MAX)]

    async def members(self, team_id: UUID, page: PageRequest) -> Page[TeamMemberView]:
        return (await self._page(_MEMBERS, page, id=team_id)).map(lambda row: TeamMemberView(*row[:-1]))
