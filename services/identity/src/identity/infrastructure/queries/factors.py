"""Second factors."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from identity.application.factors.views import FactorsView, PasskeyView
from identity.infrastructure.queries.rows import SqlReads

_FACTORS = text(
    """
    SELECT (SELECT confirmed_at FROM totps WHERE user_id = :user_id) AS totp_confirmed_at,
           (SELECT count(*) FROM backup_codes WHERE user_id = :user_id AND used_at IS NULL) AS backup_codes_left
    """
)
_PASSKEYS = text(
    """
    SELECT p.id, p.name, p.backed_up, p.created_at, p.last_used_at, p.flagged_at, k.wrapped
    FROM passkeys p JOIN subject_keys k ON k.subject_id = p.user_id WHERE p.user_id = :user_id ORDER BY p.created_at, p.id
    """
)


class SqlFactorQueries(SqlReads):
    async def factors_of(self, user_id: UUID) -> FactorsView:
        (row,) = await self._rows(_FACTORS, {"user_id": user_id})
        passkeys = [self._passkey(user_id, each) for each in await self._rows(_PASSKEYS, {"user_id": user_id})]
        return FactorsView(row.totp_confirmed_at, row.backup_codes_left, passkeys)

    def _passkey(self, user_id: UUID, row: Any) -> PasskeyView:
        name = self._vault.open_thing(user_id, row.wrapped, row.id, row.name)
        return PasskeyView(row.id, name, *row[2:6])
