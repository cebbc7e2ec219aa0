"""The ledger as a whole."""

from sqlalchemy import text

from payments.application.ledger.queries import TrialBalanceLine
from payments.infrastructure.queries.rows import SqlReads

_TRIAL_BALANCE = text(
    """
    SELECT currency, coalesce(sum(balance) FILTER (WHERE kind = 'wallet'), 0) AS wallets,
           coalesce(sum(balance) FILTER (WHERE kind = 'system'), 0) AS system, sum(balance) AS total, count(*) AS accounts
    FROM accounts GROUP BY currency ORDER BY currency
    """
)


class SqlLedgerQueries(SqlReads):
    async def trial_balance(self) -> list[TrialBalanceLine]:
        return [TrialBalanceLine(*row) for row in await self._rows(_TRIAL_BALANCE)]
