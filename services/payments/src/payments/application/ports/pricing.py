"""What pricing needs of the world."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar
from uuid import UUID

from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.events import Event
from payments.domain.approval import ApprovalRules
from payments.domain.fee_rule import FeeRule
from payments.domain.fx_rate import FxRate
from payments.domain.limits import Limit, Limits
from payments.domain.price_book import PriceBook
from payments.domain.validity import Dated

if TYPE_CHECKING:
    from payments.application.pricing.queries import TierView

DatedT = TypeVar("DatedT", bound=Dated)


class PriceBooks(Protocol):
    def current(self) -> PriceBook:
        """Return the rules and rates in memory; raises Unavailable when they are too old to be trusted."""


class LimitBooks(Protocol):
    def limits(self) -> Limits:
        """Return the limits in memory; raises Unavailable when they are too old to be trusted."""


class ApprovalPolicies(Protocol):
    def approvals(self) -> ApprovalRules:
        """Return governance's rules as this process has them; raises Unavailable when it has none."""


class Versions(Protocol[DatedT]):
    """The versions of every series of one kind. Whoever changes prices takes turns with everybody else who does."""

    async def lock(self, series: str, at: datetime) -> Sequence[DatedT]:
        """Become the only one to change prices until the transaction ends; return the versions that reach beyond `at`."""

    async def lock_one(self, version_id: UUID) -> DatedT | None:
        """Become the only one to change prices, and find a version."""

    async def add(self, draft: DatedT, *, by: str, at: datetime, reason: str) -> DatedT:
        """Write a draft as the next version of its series, and return it with its number."""

    async def end(self, version: DatedT, until: datetime) -> DatedT: ...


class Tiers(Protocol):
    async def lock(self, owner_id: UUID) -> "TierView | None":
        """Find an owner's tier, and keep others from assigning one until the transaction ends."""

    async def is_limited(self, tier: str, at: datetime) -> bool:
        """Tell whether the tier has a limit, in any currency, that holds at `at` or will."""

    async def save(self, tier: "TierView") -> None: ...


class PricingTransaction(Protocol):
    @property
    def fee_rules(self) -> Versions[FeeRule]: ...

    @property
    def fx_rates(self) -> Versions[FxRate]: ...

    @property
    def limits(self) -> Versions[Limit]: ...

    @property
    def tiers(self) -> Tiers: ...

    def record(self, fact: AuditFact, *, actor: Actor | None = None) -> None: ...

    def announce(self, event: Event) -> None: ...


class PricingUnitOfWork(Protocol):
    def begin(self, actor: Actor) -> AbstractAsyncContextManager[PricingTransaction]: ...
