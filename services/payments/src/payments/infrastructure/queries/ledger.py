"""The ledger as a whole."""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from sqlalchemy import text

from kernel.pages import Page, PageRequest
from payments.application.ledger.queries import AccountFilter, AccountSum, AccountView, TrialBalance
from payments.infrastructure.sql.reads import SqlReads

_TRIAL_BALANCE = text(
    """
    SELECT currency, code, normal_side, sum(balance) AS balance, count(*) AS accounts
    FROM accounts GROUP BY currency, code, normal_side ORDER BY currency, code NULLS LAST
    """
)


# ruff: noqa: S608  # put together of our own constants
_COLUMNS = """
    id, kind, code, owner_id, currency, normal_side, balance, held, status, status_reason, ceiling, version, opened_at
"""
_ACCOUNT = text(f"SELECT {_COLUMNS} FROM accounts WHERE id = :id")
_FILTERS = ("kind", "status", "currency", "owner_id")


class SqlLedgerQueries(SqlReads):
    async def account(self, account_id: UUID) -> AccountView | None:
        rows = await self._rows(_ACCOUNT, id=account_id)
        return AccountView(*rows[0]) if rows else None

    async def accounts(self, wanted: AccountFilter, page: PageRequest) -> Page[AccountView]:
        given = {name: value for name in _FILTERS if (value := getattr(wanted, name)) is not None}
        where = " AND ".join(f"{name} = :{name}" for name in given) or "true"
        listed = f"""
            SELECT {_COLUMNS}, count(*) OVER () AS total FROM accounts WHERE {where}
            ORDER BY kind, opened_at, id LIMIT :limit OFFSET :offset
        """
        rows = await self._rows(text(listed), **given, limit=page.per_page, offset=page.offset)
        # Past the end there is no row to tell the total.
        counted = text(f"SELECT count(*) FROM accounts WHERE {where}")
        total = rows[0].total if rows else (await self._rows(counted, **given))[0][0]
        return Page([AccountView(*row[:-1]) for row in rows], page.page, page.per_page, total)

    async def trial_balance(self) -> Sequence[TrialBalance]:
        sums = [AccountSum(*row) for row in await self._rows(_TRIAL_BALANCE)]
        return [TrialBalance(currency, tuple(lines)) for currency, lines in groupby(sums, key=attrgetter("currency"))]
