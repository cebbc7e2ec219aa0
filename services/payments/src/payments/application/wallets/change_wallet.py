"""What becomes of a wallet: staff freeze it and set its ceiling, its owner names it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.money import Money
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.wallets import facts
from payments.domain.account import Account

NAME_LENGTH_MAX: Final = 60
Change = Callable[[Account, datetime], None]


@dataclass(frozen=True, slots=True)
class ChangeWallet:
    """Each change is one transaction with its audit fact, and gives the wallet as it is then.

    `owner_id` given, the wallet must be that user's (NotFound).
    """

    uow: UnitOfWork
    clock: Clock

    async def freeze(self, *, actor: Actor, wallet_id: UUID, reason: str) -> Account:
        """Let nothing move until it is unfrozen; raises AccountClosed."""

        def change(wallet: Account, at: datetime) -> None:
            wallet.freeze(reason, at=at)

        return await self._change(actor, wallet_id, "freeze", change, reason=reason)

    async def unfreeze(self, *, actor: Actor, wallet_id: UUID, reason: str) -> Account:
        """Let money move again; raises NotFrozen."""

        def change(wallet: Account, at: datetime) -> None:
            wallet.unfreeze(reason, at=at)

        return await self._change(actor, wallet_id, "unfreeze", change, reason=reason)

    async def bound(
        self, *, actor: Actor, wallet_id: UUID, ceiling: Decimal | str | None, version: int | None, reason: str
    ) -> Account:
        """Set the highest balance that it may hold, in units of its currency.

        Raise VersionRequired, StaleVersion, InvalidValue, or BalanceLimit when it holds more already.
        """

        def change(wallet: Account, at: datetime) -> None:
            wallet.require_version(version)
            wallet.bound(Money.of(ceiling, wallet.currency).amount if ceiling is not None else None, at=at)

        return await self._change(actor, wallet_id, "bound", change, reason=reason)

    async def rename(self, *, actor: Actor, wallet_id: UUID, name: str) -> Account:
        def change(wallet: Account, at: datetime) -> None:
            wallet.rename(name, at=at)

        return await self._change(actor, wallet_id, "rename", change, owner_id=actor.user_id)

    async def _change(
        self,
        actor: Actor,
        wallet_id: UUID,
        verb: str,
        change: Change,
        *,
        reason: str | None = None,
        owner_id: UUID | None = None,
    ) -> Account:
        async with self.uow.begin(actor) as tx:
            wallet = (await tx.accounts.lock([wallet_id])).get(wallet_id)
            if wallet is None or not wallet.is_wallet or (owner_id is not None and wallet.owner_id != owner_id):
                raise NotFound(wallet_id=wallet_id)
            before, at = facts.state(wallet), self.clock.now()
            change(wallet, at)
            await tx.accounts.save_state(wallet)
            tx.record(facts.changed(wallet, verb, before=before, at=at, reason=reason))
            for event in wallet.collect():
                tx.announce(event)
            return wallet
