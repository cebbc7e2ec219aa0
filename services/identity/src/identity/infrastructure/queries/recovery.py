"""Requests for recovery."""

from sqlalchemy import text

from identity.application.recovery.queries import RecoveryView
from identity.infrastructure.queries.rows import SqlReads
from kernel.pages import Page, PageRequest

_REQUESTS = text(
    """
    SELECT id, user_id, reason, status, requested_at, expires_at, decided_at, decided_by, decision_reason, confirmed_at,
           count(*) OVER () AS total
    FROM recovery_requests
    WHERE (CAST(:status AS text) IS NULL OR status = :status)
      AND (CAST(:confirmed AS boolean) IS NULL OR (confirmed_at IS NOT NULL) = :confirmed)
    ORDER BY requested_at DESC, id DESC LIMIT :limit OFFSET :offset
    """
)


class SqlRecoveryQueries(SqlReads):
    async def recovery_requests(
        self, status: str | None, page: PageRequest, *, confirmed: bool | None = None
    ) -> Page[RecoveryView]:
        rows, total = await self._page(_REQUESTS, page, {"status": status, "confirmed": confirmed})
        return Page([RecoveryView(*row[:-1]) for row in rows], page.page, page.per_page, total)
