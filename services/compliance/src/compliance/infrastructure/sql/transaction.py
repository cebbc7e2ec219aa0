"""A transaction of compliance in PostgreSQL."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.unit_of_work import SqlTransaction
from compliance.infrastructure.sql.audit import SqlLogRepository
from compliance.infrastructure.sql.completeness import SqlCompletenessRepository
from compliance.infrastructure.sql.decisions import SqlDecisionRepository
from compliance.infrastructure.sql.screening import SqlBlockRepository
from kernel.actor import Actor


class SqlComplianceTransaction(SqlTransaction):
    def __init__(self, session: AsyncSession, actor: Actor) -> None:
        super().__init__(session, actor)
        self.log = SqlLogRepository(session)
        self.blocks = SqlBlockRepository(session)
        self.decisions = SqlDecisionRepository(session)
        self.completeness = SqlCompletenessRepository(session)
