"""Second factors."""

from uuid import UUID

from sqlalchemy import text

from identity.application.factors.queries import FactorsView, PasskeyView
from identity.infrastructure.queries.rows import SqlReads

_FACTORS = text(
    """
    SELECT (SELECT confirmed_at FROM totps WHERE user_id = :user_id) AS totp_confirmed_at,
           (SELECT count(*) FROM backup_codes WHERE user_id = :user_id AND used_at IS NULL) AS backup_codes_left
    """
)
_PASSKEYS = text(
    """
    SELECT id, name, backed_up, created_at, last_used_at, flagged_at
    FROM passkeys WHERE user_id = :user_id ORDER BY created_at, id
    """
)


class SqlFactorQueries(SqlReads):
    async def factors_of(self, user_id: UUID) -> FactorsView:
        (row,) = await self._rows(_FACTORS, {"user_id": user_id})
        passkeys = [PasskeyView(*each) for each in await self._rows(_PASSKEYS, {"user_id": user_id})]
        return FactorsView(row.totp_confirmed_at, row.backup_codes_left, passkeys)
