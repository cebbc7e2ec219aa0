"""Ports to the prices in force and their versions."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from kernel import transaction
from kernel.actor import Actor
from payments.application.ports.limits import TierRepository
from payments.domain.fee_rule import FeeRule
from payments.domain.fx_rate import FxRate
from payments.domain.limits import Limit
from payments.domain.price_book import PriceBook
from payments.domain.validity import Dated

DatedT = TypeVar("DatedT", bound=Dated)


@dataclass(frozen=True, slots=True)
class Prices:
    """Everything that is in force at a moment or later."""

    fee_rules: tuple[FeeRule, ...]
    fx_rates: tuple[FxRate, ...]
    limits: tuple[Limit, ...]


class PriceBooks(Protocol):
    def current(self) -> PriceBook:
        """Return the rules and rates in memory. Raise Unavailable if they are too old."""


class VersionRepository(Protocol[DatedT]):
    """The versions of every series of one kind. All changes of prices are serialised."""

    async def lock(self, series: str, at: datetime) -> Sequence[DatedT]:
        """Lock all prices until the transaction ends. Return the versions that are in force after `at`."""

    async def lock_one(self, version_id: UUID) -> DatedT | None:
        """Lock all prices, and find a version."""

    async def add(self, draft: DatedT, *, by: str, at: datetime, reason: str) -> DatedT:
        """Write a draft as the next version of its series, and return it with its number."""

    async def end(self, version: DatedT, until: datetime) -> DatedT: ...


class PricingTransaction(transaction.Transaction, Protocol):
    @property
    def fee_rules(self) -> VersionRepository[FeeRule]: ...

    @property
    def fx_rates(self) -> VersionRepository[FxRate]: ...

    @property
    def limits(self) -> VersionRepository[Limit]: ...

    @property
    def tiers(self) -> TierRepository: ...


class PricingUnitOfWork(Protocol):
    def begin(self, actor: Actor) -> AbstractAsyncContextManager[PricingTransaction]: ...
