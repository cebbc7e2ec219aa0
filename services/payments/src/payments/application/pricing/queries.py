"""Reads of prices, past the use cases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from kernel.pages import Page, PageRequest
from payments.domain.fee_rule import FeeRule
from payments.domain.fx_rate import FxRate
from payments.domain.limits import Limit, Spending

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Recorded(Generic[T]):
    """A version, and who recorded it, when and why."""

    item: T
    recorded_by: str
    recorded_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class TierView:
    owner_id: UUID
    tier: str
    version: int
    assigned_by: str
    assigned_at: datetime


@dataclass(frozen=True, slots=True)
class Prices:
    """Everything that holds at an instant or will later."""

    fee_rules: tuple[FeeRule, ...]
    fx_rates: tuple[FxRate, ...]
    limits: tuple[Limit, ...]


class PricingQueries(Protocol):
    """Lists are of what holds at `at`; without it, of every version there ever was, the newest first."""

    async def fee_rules(
        self,
        page: PageRequest,
        *,
        at: datetime | None,
        kind: str | None = None,
        currency: str | None = None,
        code: str | None = None,
    ) -> Page[Recorded[FeeRule]]: ...

    async def fx_rates(
        self, page: PageRequest, *, at: datetime | None, base: str | None = None, quote: str | None = None
    ) -> Page[Recorded[FxRate]]: ...

    async def limits(
        self, page: PageRequest, *, at: datetime | None, tier: str | None = None, currency: str | None = None
    ) -> Page[Recorded[Limit]]: ...

    async def tier(self, owner_id: UUID) -> TierView | None:
        """Read the tier that was assigned to an owner, None for the standard one."""

    async def spendings(self, owner_id: UUID) -> Sequence[Spending]:
        """Read what an owner has spent, as last counted: of each currency that they have a wallet in."""

    async def prices(self, at: datetime) -> Prices: ...
