from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import InvalidValue
from payments.application.accounts.views import AccountViews
from payments.application.wallets.find_wallet import FindWallet


@dataclass(frozen=True, slots=True)
class GetBalance:
    """Get the balance of a wallet at a past moment, for its owner or with `wallet:read_any`."""

    find_wallet: FindWallet
    accounts: AccountViews
    clock: Clock

    async def __call__(self, *, actor: Actor, wallet_id: UUID, at: datetime) -> tuple[Decimal, str]:
        """Return the balance and its currency. Raise NotFound, or InvalidValue for a future time or one before it was opened."""
        wallet = await self.find_wallet(actor=actor, wallet_id=wallet_id, verb="read_balance")
        if not wallet.opened_at <= at <= self.clock.now():
            raise InvalidValue(field="as_of", expected="a past time after the wallet was opened", given=at)
        return await self.accounts.balance_at(wallet_id, at), wallet.currency
