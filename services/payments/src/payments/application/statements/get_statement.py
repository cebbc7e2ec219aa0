from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import InvalidValue
from payments.application.statements.views import StatementViews
from payments.application.wallets.find_wallet import FindWallet
from payments.domain.statement import Statement

# As many as a person reads and a PDF can show. For more, there is the export.
LINES_MAX: Final = 10_000


class StatementTooLong(InvalidValue):
    """The period has more lines than a statement can show; choose a shorter period, or use the export."""

    disclosed = ("lines_max",)


@dataclass(frozen=True, slots=True)
class StatementMade:
    statement: Statement
    made_at: datetime


@dataclass(frozen=True, slots=True)
class GetStatement:
    """Get the statement of a wallet for a period [since, until), for its owner or for staff."""

    find_wallet: FindWallet
    views: StatementViews
    clock: Clock

    async def __call__(
        self, *, actor: Actor, wallet_id: UUID, since: datetime, until: datetime, reason: str | None = None
    ) -> StatementMade:
        """Raise NotFound, ReasonRequired for another user's wallet, StatementTooLong, LedgerBroken.

        Raise InvalidValue for a period that is empty or has not started.
        """
        if since >= until:
            raise InvalidValue(field="until", expected="a time after `since`", given=until)
        if since > self.clock.now():
            # Refuse a future period instead of making an empty statement.
            raise InvalidValue(field="since", expected="a past time", given=since)
        wallet = await self.find_wallet(
            actor=actor, wallet_id=wallet_id, verb="read_statement", reason=reason, reason_required=True
        )
        statement = await self.views.statement(wallet_id, wallet.currency, since=since, until=until, lines_max=LINES_MAX)
        if statement is None:
            raise StatementTooLong(field="until", lines_max=LINES_MAX)
        return StatementMade(statement, made_at=self.clock.now())
