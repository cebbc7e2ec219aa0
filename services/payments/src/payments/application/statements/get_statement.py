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

# What a person reads, and a page of PDF bears; who needs more takes an export.
LINES_MAX: Final = 10_000


class StatementTooLong(InvalidValue):
    """The period has more lines than a statement shows; choose a shorter one, or take the export."""

    tells = ("lines_max",)


@dataclass(frozen=True, slots=True)
class StatementMade:
    statement: Statement
    made_at: datetime


@dataclass(frozen=True, slots=True)
class GetStatement:
    """Make the statement of a wallet for a period [since, until), for its owner or for staff."""

    find_wallet: FindWallet
    views: StatementViews
    clock: Clock

    async def __call__(
        self, *, actor: Actor, wallet_id: UUID, since: datetime, until: datetime, reason: str | None = None
    ) -> StatementMade:
        """Raise NotFound, ReasonRequired for another user's wallet, StatementTooLong, LedgerBroken.

        Raise InvalidValue for a period that is none or that has not begun.
        """
        if since >= until:
            raise InvalidValue(field="until", expected="a time after since", given=until)
        if since > self.clock.now():
            # Of what has not happened there is no statement, not an empty one.
            raise InvalidValue(field="since", expected="a time that has passed", given=since)
        wallet = await self.find_wallet(
            actor=actor, wallet_id=wallet_id, verb="read_statement", reason=reason, reason_required=True
        )
        statement = await self.views.statement(wallet_id, wallet.currency, since=since, until=until, lines_max=LINES_MAX)
        if statement is None:
            raise StatementTooLong(field="until", lines_max=LINES_MAX)
        return StatementMade(statement, made_at=self.clock.now())
